// Says of every directive that nothing goes by that it has no effect: none is passed over silently.

import { unusedOf } from './block-view.ts'
import type { CheckedDirective } from './checked.ts'
import { spanOf } from './draft.ts'
import type { Lowering, ServerKind, ServerMode } from './draft.ts'
import type { LoweredServer } from './lower-server.ts'

/** Call when every server has been lowered. */
export function reportUnused(
  mail: readonly CheckedDirective[],
  servers: readonly LoweredServer[],
  lowering: Lowering,
): void {
  for (const { directive, kind } of servers) {
    for (const found of unusedOf(directive.body, lowering.used)) {
      report(found, whyNotIn(kind, found), lowering)
    }
    for (const peer of directive.body.filter(isPeer)) {
      for (const found of unusedOf(peer.body, lowering.used)) {
        report(found, whyNotIn(kind, found), lowering)
      }
    }
  }
  for (const found of unusedOf(mail, lowering.used)) report(found, noServer, lowering)
  for (const peer of mail.filter(isPeer)) {
    if (!lowering.used.has(peer)) continue
    for (const found of unusedOf(peer.body, lowering.used)) report(found, noServer, lowering)
  }
  for (const { directive, kind, listener } of servers) {
    if (kind.mode === 'relay') reportUnasked(directive, mail, { label: listener.label, lowering })
  }
}

const noServer = 'no server goes by it'

function isPeer({ spec }: CheckedDirective): boolean {
  return spec.name === 'peer'
}

/** The limits after a login are asked of nobody who does not log in: that must not go unnoticed. */
function reportUnasked(
  server: CheckedDirective,
  mail: readonly CheckedDirective[],
  { label, lowering }: { readonly label: string; readonly lowering: Lowering },
): void {
  if (server.body.some(({ spec }) => spec.name === 'limit_conn')) return
  const inherited = mail.find(({ spec }) => spec.name === 'limit_conn')
  if (inherited === undefined || !lowering.used.has(inherited)) return
  lowering.report.warn({
    code: 'nginx.no_effect',
    message: `"limit_conn" has no effect in ${label}: ${relays}`,
    span: spanOf(inherited),
    hint: useCaps,
  })
}

const relays = 'proxy_pass relays from the first byte, so nobody logs in there'
const deciders: Readonly<Record<ServerMode, string>> = {
  relay: relays,
  login: 'auth_http decides about logins',
  users: 'auth_users decides about logins',
  upstream: 'auth_upstream decides about logins',
}
const useCaps = 'cap its sessions with service_sessions, listener_sessions or peer'

function whyNotIn(
  { mode, service, hasTls, hasProxyProtocol }: ServerKind,
  found: CheckedDirective,
): string {
  const { name, module } = found.spec
  if (['imap', 'pop3', 'smtp'].includes(module) && module !== service) return `it speaks ${service}`
  if (mode === 'login' && name === 'proxy_pass') return 'auth_http says where each session goes'
  if (name === 'auth_http') return mode === 'login' ? 'a later one replaces it' : deciders[mode]
  if (name === 'auth_users' || name === 'auth_upstream') return deciders[mode]
  if (name.startsWith('auth_http_ssl_') && mode === 'login') return 'auth_http is no https URL'
  if (module === 'auth_http' && mode !== 'relay') return deciders[mode]
  if (name === 'auth_fail_delay' && mode === 'login') return 'the auth server says Auth-Wait itself'
  if (name === 'proxy_smtp_auth' && mode === 'upstream') return 'auth_upstream always sends AUTH'
  if (module === 'ssl' && !hasTls) return 'no listen of this server is encrypted'
  if (name === 'set_real_ip_from' && !hasProxyProtocol) {
    return 'no listen of this server takes a PROXY header'
  }
  if (name === 'resolver' || name === 'resolver_timeout') {
    return service === 'smtp' ? 'there is no resolver' : 'only SMTP says what clients are called'
  }
  if (name === 'proxy_smtp_auth' && service !== 'smtp') return 'only SMTP has it'
  if (name === 'proxy_imap_id' && service !== 'imap') return 'only IMAP has it'
  if (name === 'xclient' && service === 'imap') return 'IMAP has proxy_imap_id in its place'
  if (name.startsWith('proxy_ssl')) return 'nothing goes to its upstreams by TLS without proxy_ssl'
  if (name === 'protocol') return 'a later one replaces it'
  return mode === 'relay' ? relays : 'nothing goes by it'
}

function report(found: CheckedDirective, why: string, lowering: Lowering): void {
  const { name } = found.spec
  const span = spanOf(found)
  const message = `"${name}" has no effect here: ${why}`
  if (name === 'limit_conn') {
    lowering.report.error({ code: 'nginx.no_effect', message, span, hint: useCaps })
  } else lowering.report.warn({ code: 'nginx.no_effect', message, span })
}
