// Directives of nginx's mail core module, and the blocks of modules that Postern leaves alone.

import { resolver } from '../address-values.ts'
import { anyNumber, moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { listen } from '../listen.ts'
import { mailProtocol } from '../protocol.ts'
import { block, flag, milliseconds, number, size, text } from '../values.ts'

const blocks: readonly DirectiveSpec[] = moduleRows('mail core', [
  { name: 'mail', in: 'main', args: 0, type: block, block: 'mail', about: 'holds the servers' },
  {
    name: 'server',
    in: 'mail',
    args: 0,
    type: block,
    block: 'server',
    duplicate: 'adds',
    about: 'is one listener with its options',
  },
  {
    name: 'http',
    in: 'main',
    args: 0,
    type: block,
    block: 'skipped',
    about: 'it serves no HTTP',
  },
  {
    name: 'stream',
    in: 'main',
    args: 0,
    type: block,
    block: 'skipped',
    about: 'it relays mail protocols only',
  },
])

const server: readonly DirectiveSpec[] = moduleRows('mail core', [
  {
    name: 'listen',
    in: 'server',
    args: [1, anyNumber],
    type: listen,
    duplicate: 'adds',
    about: 'binds an endpoint',
  },
  {
    name: 'protocol',
    in: 'server',
    type: mailProtocol,
    duplicate: 'replaces',
    about: 'says what is spoken; left out, the port of the first known listen says it',
  },
  { name: 'server_name', type: text, about: 'is the name the client is greeted with' },
  {
    name: 'timeout',
    in: 'mail server peer',
    type: milliseconds,
    default: '60s',
    about: 'bounds the time until a client has logged in',
  },
  {
    name: 'resolver',
    args: [1, anyNumber],
    type: resolver,
    default: 'off',
    about: 'looks up the names of SMTP clients',
  },
  {
    name: 'resolver_timeout',
    type: milliseconds,
    default: '30s',
    about: 'bounds the look-up of a name',
  },
  {
    name: 'max_errors',
    type: number,
    default: '5',
    about: 'bounds the invalid commands before the login',
  },
  {
    name: 'max_commands',
    type: number,
    default: '1000',
    about: 'bounds the commands before the login',
  },
  {
    name: 'limit_rate',
    type: size,
    default: '0',
    about: 'bounds the bytes a second sent to a client; 0 is no bound',
  },
  {
    name: 'limit_rate_after',
    type: size,
    default: '0',
    about: 'is how much is sent before limit_rate begins',
  },
  {
    name: 'lingering_close',
    type: flag,
    default: 'on',
    about: 'reads on for a while after an error, so that the client sees the reply',
  },
  {
    name: 'lingering_time',
    type: milliseconds,
    default: '30s',
    about: 'bounds lingering as a whole',
  },
  {
    name: 'lingering_timeout',
    type: milliseconds,
    default: '5s',
    about: 'bounds the silence while lingering',
  },
])

/** Blocks and the mail core. */
export const mailCoreDirectives: readonly DirectiveSpec[] = [...blocks, ...server]
