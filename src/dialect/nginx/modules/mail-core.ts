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
    about: 'names the DNS servers that are asked what SMTP clients are called',
  },
  {
    name: 'resolver_timeout',
    type: milliseconds,
    default: '30s',
    about: "bounds the time for one client's name, all questions together",
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
    in: 'mail server peer',
    type: size,
    default: '0',
    about: 'bounds the bytes a second sent to each client once it is relayed; 0 is no bound',
  },
  {
    name: 'limit_rate_after',
    in: 'mail server peer',
    type: size,
    default: '0',
    about: 'lets so many bytes through before limit_rate holds',
  },
  {
    name: 'lingering_close',
    in: 'mail server peer',
    type: flag,
    default: 'on',
    about: "waits for the client's own close after a last reply, so that it reads it",
  },
  {
    name: 'lingering_time',
    in: 'mail server peer',
    type: milliseconds,
    default: '30s',
    about: 'bounds that wait as a whole; more than 30 seconds mean 30',
  },
  {
    name: 'lingering_timeout',
    in: 'mail server peer',
    type: milliseconds,
    default: '5s',
    about: 'bounds the silence in that wait; more than 5 seconds mean 5',
  },
])

/** Blocks and the mail core. */
export const mailCoreDirectives: readonly DirectiveSpec[] = [...blocks, ...server]
