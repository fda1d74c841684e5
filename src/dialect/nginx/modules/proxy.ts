// Directives of nginx's mail proxy and realip modules.

import { trustedProxy } from '../address-values.ts'
import { moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { flag, flagOr, milliseconds, size } from '../values.ts'

const proxy: readonly DirectiveSpec[] = moduleRows('proxy', [
  {
    name: 'proxy',
    type: flag,
    status: 'warns',
    agreesWith: 'on',
    about: 'it always relays, as nginx does whatever this says',
  },
  {
    name: 'proxy_buffer',
    type: size,
    about: 'bounds a reply of the upstream before the client is logged in there; 16k if left out',
  },
  {
    name: 'proxy_timeout',
    in: 'mail server peer',
    type: milliseconds,
    default: '24h',
    about: 'ends a session that has been silent for so long after the login',
  },
  {
    name: 'proxy_pass_error_message',
    type: flag,
    default: 'off',
    about: "passes the upstream's reply to a failed login on",
  },
  {
    name: 'xclient',
    in: 'mail server peer',
    type: flagOr(['ifavailable', 'required', 'always']),
    default: 'on',
    about: 'sends XCLIENT to an SMTP or POP3 upstream that offers it',
  },
  {
    name: 'proxy_smtp_auth',
    type: flag,
    default: 'off',
    about: 'logs in to an SMTP upstream with AUTH PLAIN',
  },
  {
    name: 'proxy_protocol',
    in: 'mail server peer',
    type: flagOr(['v2']),
    default: 'off',
    about: 'sends a PROXY header to the upstream: version 1, or 2 with v2',
  },
])

const realip: readonly DirectiveSpec[] = moduleRows('realip', [
  {
    name: 'set_real_ip_from',
    type: trustedProxy,
    duplicate: 'adds',
    inherit: 'list',
    about: 'names the proxies whose PROXY header is believed',
  },
])

/** Proxy and realip. */
export const proxyDirectives: readonly DirectiveSpec[] = [...proxy, ...realip]
