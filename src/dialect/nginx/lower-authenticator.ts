// Who decides about the logins of a server: auth_http, auth_users or auth_upstream, or nobody.

import type { BlockView } from './block-view.ts'
import type { CheckedDirective } from './checked.ts'
import { put, spanOf } from './draft.ts'
import type { Lowering, ServerMode } from './draft.ts'
import { lowerCap, lowerDuration, lowerFlag, lowerHeaders, lowerText } from './lower-values.ts'
import type { Place } from './lower-values.ts'

const names = ['auth_http', 'auth_users', 'auth_upstream'] as const

/** The directive that decides; `off` is a use of its own, and decides for nobody. */
export function authenticatorDirective(
  view: BlockView,
  lowering: Lowering,
): CheckedDirective | undefined {
  const own = lastOfEach((name) => view.own(name))
  for (const found of own.filter(isOff)) view.use(found)
  const [first] = chosenOf(own, lowering)
  if (first !== undefined) return first
  const isRelayed = view.own('proxy_pass').length > 0
  const inherited = lastOfEach((name) => view.find(name))
  for (const found of inherited.filter(isOff)) view.use(found)
  const [outer] = chosenOf(
    // To auth_http, proxy_pass is another way to find an upstream; the others need it.
    inherited.filter(({ spec }) => !isRelayed || spec.name !== 'auth_http'),
    lowering,
  )
  return outer
}

/** A server without an authenticator relays from the first byte, if it knows where to. */
export function modeOf(
  view: BlockView,
  authenticator: CheckedDirective | undefined,
): ServerMode | undefined {
  if (authenticator !== undefined) return modes[authenticator.spec.name]
  const inPeers = view.find('peer').flatMap(({ body }) => body)
  const isRelayed =
    view.find('proxy_pass').length > 0 || inPeers.some(({ spec }) => spec.name === 'proxy_pass')
  return isRelayed ? 'relay' : undefined
}

const modes: Readonly<Record<string, ServerMode>> = {
  auth_http: 'login',
  auth_users: 'users',
  auth_upstream: 'upstream',
}

export function lowerAuthenticator(place: Place, found: CheckedDirective): void {
  const { view, draft } = place
  view.use(found)
  const span = spanOf(found)
  if (found.value.kind === 'url') {
    lowerAuthHttp(place, found)
    return
  }
  if (found.value.kind === 'text') {
    put(draft, 'authenticator', { kind: 'users', file: found.value.text }, span)
  } else put(draft, 'authenticator', { kind: 'upstream' }, span)
  lowerDuration(place, 'auth_fail_delay', 'authFailDelay')
  const pass = view.last('proxy_pass')
  if (pass?.value.kind === 'addresses') put(draft, 'upstream', pass.value.addresses, spanOf(pass))
}

function lowerAuthHttp(place: Place, found: CheckedDirective): void {
  if (found.value.kind !== 'url') return
  const { address, host, path: uri, isTls } = found.value.url
  const span = spanOf(found)
  const server = { address, host, uri, ...(isTls ? { isTls } : {}) }
  put(place.draft, 'authenticator', { kind: 'http', server }, span)
  lowerDuration(place, 'auth_http_timeout', 'authHttpTimeout')
  lowerHeaders(place)
  lowerFlag(place, 'auth_http_pass_client_cert', 'authHttpPassClientCert')
  lowerCap(place, 'auth_http_keepalive', 'authHttpKeepalive')
  if (!isTls) return
  lowerFlag(place, 'auth_http_ssl_verify', 'authHttpTlsVerify')
  lowerText(place, 'auth_http_ssl_name', 'authHttpTlsName')
  const ca = place.view.last('auth_http_ssl_trusted_certificate')
  if (ca?.value.kind === 'text') {
    put(place.draft, 'authHttpTlsCa', { path: ca.value.text }, spanOf(ca))
  }
}

function lastOfEach(
  find: (name: string) => readonly CheckedDirective[],
): readonly CheckedDirective[] {
  return names.flatMap((name) => find(name).at(-1) ?? [])
}

/** All that are not off; more than one is a mistake. */
function chosenOf(
  found: readonly CheckedDirective[],
  { report, used }: Lowering,
): readonly CheckedDirective[] {
  const chosen = found.filter((one) => !isOff(one))
  const [first, second] = chosen
  if (first === undefined || second === undefined) return chosen
  // Inherited by several servers, it is said once.
  if (!used.has(second)) {
    report.error({
      code: 'nginx.two_authenticators',
      message: `"${second.spec.name}" stands beside "${first.spec.name}", and one alone can decide`,
      span: spanOf(second),
      hint: 'remove one of them, or write them in different servers',
    })
  }
  used.add(second)
  return chosen
}

function isOff({ value }: CheckedDirective): boolean {
  if (value.kind === 'flag') return !value.isOn
  return value.kind === 'text' && value.text === 'off'
}
