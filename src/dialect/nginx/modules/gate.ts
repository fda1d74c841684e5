// Directives that nginx does not have: what Momentum's language can say of a session, in nginx's style.

import { anyNumber, moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { cap } from '../core-values.ts'
import { bannerHostname, reconfigMessage, staticBanner } from '../smtp-values.ts'
import { choice, flag, milliseconds, pair, texts } from '../values.ts'

const anywhere = { in: 'mail server peer' } as const

export const gateDirectives: readonly DirectiveSpec[] = moduleRows('postern', [
  {
    ...anywhere,
    name: 'idle_time',
    type: milliseconds,
    about: 'ends a session after so much silence, before a login and after it; 0 is never',
  },
  {
    ...anywhere,
    name: 'ecstream_idle_time',
    type: milliseconds,
    default: '300s',
    about: 'is the same for sessions of protocol ecstream',
  },
  {
    name: 'proxy_protocol_timeout',
    type: milliseconds,
    default: '60s',
    about: 'bounds the wait for a PROXY header, in place of timeout',
  },
  {
    name: 'tcp_nodelay',
    type: flag,
    default: 'off',
    about: 'sends small pieces at once',
  },
  {
    name: 'ssl_renegotiation',
    type: flag,
    default: 'off',
    about: 'lets clients of TLS 1.2 renegotiate',
  },
  {
    ...anywhere,
    name: 'smtp_max_receptions',
    type: cap,
    args: 1,
    default: '0',
    about: 'caps the messages of a session that is relayed; 0 is no limit',
  },
  {
    ...anywhere,
    name: 'smtp_banner_hostname',
    type: bannerHostname,
    about: 'is the name in the greeting',
  },
  {
    ...anywhere,
    name: 'smtp_static_banner',
    type: staticBanner,
    about: 'is the whole greeting, and begins with 220',
  },
  {
    ...anywhere,
    name: 'smtp_extensions',
    args: [1, anyNumber],
    type: texts,
    about: "lists the extensions that are let through from the upstream's",
  },
  {
    ...anywhere,
    name: 'smtp_starttls_injection',
    type: choice(['reject', 'ignore', 'allow']),
    about: 'says what becomes of commands that a client sends behind STARTTLS',
  },
  {
    name: 'reconfig_message',
    type: reconfigMessage,
    about:
      'stands behind the 421 that sessions of an older configuration get; without it they go on',
  },
  {
    ...anywhere,
    name: 'context',
    args: 2,
    type: pair,
    duplicate: 'adds',
    inherit: 'list',
    about: 'notes a name and a value beside the sessions',
  },
])
