// Checks of a policy about TLS to the upstream: can it begin, and against which name is it verified.

import { isIP } from 'node:net'
import type { Diagnostic, Severity, Sourced, Span } from '../base/diagnostic.ts'
import { chainOf } from './chain.ts'
import type { PolicyCode } from './codes.ts'
import { findOption } from './fallback.ts'
import type { OptionWord } from './option-word.ts'
import type { OptionName, UpstreamAddress } from './options.ts'
import type { Listen, Listener, Policy, Scope } from './policy.ts'
import { asksForLogin } from './validate-login.ts'

/** The options that mean something only with TLS. */
const companions: readonly OptionName[] = [
  'upstreamTlsVerify',
  'upstreamTlsCa',
  'upstreamTlsName',
  'upstreamTlsSni',
  'upstreamTlsCertificate',
  'upstreamTlsKey',
  'upstreamTlsProtocols',
  'upstreamTlsCiphers',
]

export function checkUpstreamTls(
  policy: Policy,
  listener: Listener,
  listen: Listen,
  word: OptionWord,
): Diagnostic[] {
  const scopes = chainOf(policy, listen.id, undefined)?.scopes ?? []
  const tls = findOption(scopes, 'upstreamTls')?.sourced
  if (tls?.value === 'off') return []
  if (tls === undefined) {
    const peers = [...listen.peers, ...listener.peers]
    const isOnForSome = peers.some((peer) => (peer.options.upstreamTls?.value ?? 'off') !== 'off')
    return isOnForSome ? [] : checkCompanions(listen, scopes, word)
  }
  if (listener.service === 'ecstream' && tls.value === 'starttls') {
    return [
      finding({
        severity: 'error',
        code: 'policy.no_starttls',
        message: `${listen.label} speaks ecstream, which has no STARTTLS`,
        span: tls.span,
        hint: `set ${word('upstreamTls')} to on: encrypted from the first byte`,
      }),
    ]
  }
  const isVerified = findOption(scopes, 'upstreamTlsVerify')?.sourced.value ?? true
  if (!isVerified || findOption(scopes, 'upstreamTlsName') !== undefined) return []
  return checkName(tls, {
    label: listen.label,
    word,
    upstreams: findOption(scopes, 'upstream')?.sourced.value ?? [],
    isNamedByAuthServer:
      asksForLogin(listener, scopes) &&
      findOption(scopes, 'authenticator')?.sourced.value.kind === 'http',
  })
}

/** Without a name, the host of the address is the name. */
function checkName(
  { span }: Sourced<unknown>,
  {
    label,
    word,
    upstreams,
    isNamedByAuthServer,
  }: {
    readonly label: string
    readonly word: OptionWord
    readonly upstreams: readonly UpstreamAddress[]
    readonly isNamedByAuthServer: boolean
  },
): Diagnostic[] {
  const hint = `set ${word('upstreamTlsName')} to the name in the certificate`
  if (!isNamedByAuthServer && upstreams.some(({ kind }) => kind === 'unix')) {
    const message = `a Unix socket upstream of ${label} has no name that its certificate could have`
    return [
      finding({ severity: 'error', code: 'policy.upstream_without_a_name', message, span, hint }),
    ]
  }
  const byAddress = upstreams.find((to) => to.kind === 'tcp' && isIP(to.host) !== 0)
  if (!isNamedByAuthServer && byAddress === undefined) return []
  const who = isNamedByAuthServer
    ? `the auth server names the upstreams of ${label} by address`
    : `an upstream of ${label} is named by address`
  const message = `${who}: its certificate must carry that address`
  return [finding({ severity: 'note', code: 'policy.upstream_by_address', message, span, hint })]
}

function checkCompanions(listen: Listen, scopes: readonly Scope[], word: OptionWord): Diagnostic[] {
  return companions.flatMap((option) => {
    const found = findOption(scopes, option)
    // What cancels an outer value is of use.
    if (found === undefined || isNone(found.sourced.value)) return []
    return [
      finding({
        severity: 'warning',
        code: 'policy.upstream_tls_off',
        message: `${word(option)} has no effect on ${listen.label}: nothing goes to its upstream by TLS`,
        span: found.sourced.span,
        hint: `set ${word('upstreamTls')} to on or starttls`,
      }),
    ]
  })
}

function isNone(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

interface FindingParts {
  readonly severity: Severity
  readonly code: PolicyCode
  readonly message: string
  readonly span: Span
  readonly hint: string
}

/** Only here so that the compiler knows every code by name. */
function finding(parts: FindingParts): Diagnostic {
  return parts
}
