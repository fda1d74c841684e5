// Checks that need more than one scope at a time. Every dialect runs them on the policy it made.

import type { Diagnostic, Severity, Span } from '../base/diagnostic.ts'
import { chainOf } from './chain.ts'
import type { PolicyCode } from './codes.ts'
import { findOption } from './fallback.ts'
import type { OptionWord } from './option-word.ts'
import type { OptionName } from './options.ts'
import type { Listen, Listener, Peer, Policy, Scope } from './policy.ts'
import { checkCluster } from './validate-cluster.ts'
import { checkAdmin } from './validate-admin.ts'
import { asksForLogin, checkLogin } from './validate-login.ts'
import { checkRates } from './validate-rate.ts'
import { checkResolvers } from './validate-resolver.ts'
import { checkUpstreamTls } from './validate-upstream-tls.ts'

/**
 * Errors and warnings about a policy as a whole, in the order of the policy's scopes. `word` names
 * options in the policy's language.
 */
export function validatePolicy(policy: Policy, word: OptionWord): Diagnostic[] {
  return [
    ...checkAdmin(policy),
    ...checkPathways(policy),
    ...checkZones(policy),
    ...checkCluster(policy, word),
    ...checkResolvers(policy, word),
    ...policy.listeners.flatMap((listener) => [
      ...checkCatchAll(policy, listener.peers),
      ...checkCeiling(listener, listener.peers),
      ...listener.listens.flatMap((listen) => checkListen(policy, listener, listen, word)),
    ]),
  ]
}

/**
 * What keeps a daemon from serving a policy that is right in itself: nothing to listen on, or a
 * Listen with no server behind it. Warnings, because a policy without them can still be asked and
 * explained, and because its sessions are put off with a 421, not lost.
 */
export function checkServable(policy: Policy, word: OptionWord): Diagnostic[] {
  return [
    ...checkAnyListen(policy),
    ...enabledListens(policy).flatMap(([listener, listen]) =>
      checkUpstream(policy, listener, listen, word),
    ),
  ]
}

function enabledListens(policy: Policy): [Listener, Listen][] {
  return policy.listeners.flatMap((listener) =>
    listener.listens.flatMap((listen): [Listener, Listen][] => {
      const enable = listen.options.enable ?? listener.options.enable
      return enable?.value === false ? [] : [[listener, listen]]
    }),
  )
}

function checkListen(
  policy: Policy,
  listener: Listener,
  listen: Listen,
  word: OptionWord,
): Diagnostic[] {
  if (listen.options.enable?.value === false) return []
  return [
    ...checkCatchAll(policy, listen.peers),
    ...checkCeiling(listen, listen.peers),
    ...checkTls(policy, listen, word),
    ...checkLogin(policy, listener, listen, word),
    ...checkRates(policy, listener, listen, word),
    ...checkUpstreamTls(policy, listener, listen, word),
  ]
}

function checkAnyListen(policy: Policy): Diagnostic[] {
  if (enabledListens(policy).length > 0) return []
  return [
    finding({
      severity: 'warning',
      code: 'policy.no_listen',
      message: 'nothing to listen on',
      span: policy.global.span,
      hint:
        policy.dialect === 'nginx'
          ? 'add a server to mail, such as: server { listen 25; }'
          : 'add a listener with a Listen, such as: ESMTP_Listener { Listen ":25" {} }',
    }),
  ]
}

function checkUpstream(
  policy: Policy,
  listener: Listener,
  listen: Listen,
  word: OptionWord,
): Diagnostic[] {
  const scopes = chainOf(policy, listen.id, undefined)?.scopes ?? []
  if (findOption(scopes, 'upstream') !== undefined || everyPeerSets(listener, listen)) return []
  // The auth server, or the users file, names the upstream of each session.
  const isTried = findOption(scopes, 'authenticator')?.sourced.value.kind === 'upstream'
  if (asksForLogin(listener, scopes) && !isTried) return []
  return [
    finding({
      // Nobody could log in where the upstream is the one to ask.
      severity: isTried ? 'error' : 'warning',
      code: 'policy.no_upstream',
      message: `${listen.label} has no ${word('upstream')}: there is no server to relay its sessions to`,
      span: listen.span,
      hint: `add ${word('upstream')} with host:port to ${listen.label} or to ${listener.label}`,
    }),
  ]
}

/** The certificate may come from any scope around the one that turns TLS on. */
function checkTls(policy: Policy, listen: Listen, word: OptionWord): Diagnostic[] {
  const scopes = chainOf(policy, listen.id, undefined)?.scopes ?? []
  const useTls = findOption(scopes, 'useTls')
  if (useTls?.sourced.value === true) {
    return checkCertificate(scopes, { option: 'useTls', span: useTls.sourced.span, word })
  }
  const starttls = findOption(scopes, 'starttls')?.sourced
  if (starttls === undefined || starttls.value === 'off') return []
  return checkCertificate(scopes, { option: 'starttls', span: starttls.span, word })
}

/** Only a catch-all pair of Peers makes the value outside them unneeded. */
function everyPeerSets(listener: Listener, listen: Listen): boolean {
  const peers = [...listen.peers, ...listener.peers]
  const covers = (text: string): boolean =>
    peers.some((peer) => peer.block.text === text && peer.options.upstream !== undefined)
  return covers('0.0.0.0/0') && covers('::/0')
}

function checkCertificate(
  scopes: readonly Scope[],
  {
    option,
    span,
    word,
  }: { readonly option: OptionName; readonly span: Span; readonly word: OptionWord },
): Diagnostic[] {
  const certificate = findOption(scopes, 'tlsCertificate')?.sourced.value.files[0]
  if (certificate !== undefined) return []
  const text = `${word(option)} is on, and no ${word('tlsCertificate')} is set for it`
  const hint = `add ${word('tlsCertificate')} and, unless its file holds the key, ${word('tlsKey')}`
  return [
    finding({
      severity: 'error',
      code: 'policy.tls_without_certificate',
      message: text,
      span: span,
      hint,
    }),
  ]
}

/** SEMANTICS S10. */
function checkCatchAll(policy: Policy, peers: readonly Peer[]): Diagnostic[] {
  const all4 = peers.find((peer) => peer.block.text === '0.0.0.0/0')
  if (all4 === undefined || peers.some((peer) => peer.block.text === '::/0')) return []
  const text = `${all4.label} matches IPv4 clients only`
  const hint =
    policy.dialect === 'nginx'
      ? 'add a peer of ::/0 beside it, with the same directives, if IPv6 clients should meet them too'
      : 'add Peer "::/0" beside it, with the same options, if IPv6 clients should meet them too'
  return [
    finding({
      severity: 'warning',
      code: 'policy.ipv4_only_catch_all',
      message: text,
      span: all4.span,
      hint,
    }),
  ]
}

function checkCeiling(outer: Scope, peers: readonly Peer[]): Diagnostic[] {
  const found: Diagnostic[] = []
  for (const option of ['serviceSessions', 'listenerSessions'] as const) {
    const ceiling = outer.options[option]?.value.capMax
    if (ceiling === undefined) continue
    for (const peer of peers) {
      const cap = peer.options[option]
      if (cap?.value.capMax === undefined || cap.value.capMax <= ceiling) continue
      const text = `${peer.label} allows ${cap.value.capMax} sessions, and ${outer.label} only ${ceiling} in all`
      const hint = 'the outer value stays a ceiling over all Peers; raise it or lower this one'
      found.push(
        finding({
          severity: 'note',
          code: 'policy.block_over_ceiling',
          message: text,
          span: cap.span,
          hint,
        }),
      )
    }
  }
  return found
}

function checkPathways(policy: Policy): Diagnostic[] {
  return [
    ...allScopes(policy).flatMap((scope) => checkPathwayName(policy, scope)),
    ...checkDuplicatePathways(policy),
    ...policy.pathwayGroups.flatMap(checkGroup),
  ]
}

function checkPathwayName(policy: Policy, scope: Scope): Diagnostic[] {
  const named = scope.options.pathway
  if (named === undefined) return []
  if (policy.pathways.some((pathway) => pathway.name === named.value)) return []
  const known = policy.pathways.map((pathway) => `"${pathway.name}"`).join(', ')
  const hint = known === '' ? 'define it: Pathway "name" { … }' : `defined are: ${known}`
  const text = `no Pathway "${named.value}" is defined`
  return [
    finding({
      severity: 'error',
      code: 'policy.unknown_pathway',
      message: text,
      span: named.span,
      hint,
    }),
  ]
}

function checkDuplicatePathways(policy: Policy): Diagnostic[] {
  const grouped = policy.pathways.filter((pathway) => pathway.group !== undefined)
  return grouped.flatMap((pathway) => {
    const first = grouped.find((other) => other.name === pathway.name)
    if (first === undefined || first === pathway) return []
    const text = `Pathway "${pathway.name}" is in two groups; the one in "${first.group}" is used`
    const hint = 'give one of them another name'
    return [
      finding({
        severity: 'warning',
        code: 'policy.duplicate_pathway',
        message: text,
        span: pathway.span,
        hint,
      }),
    ]
  })
}

function checkGroup(group: Policy['pathwayGroups'][number]): Diagnostic[] {
  if (Object.keys(group.options).length === 0) return []
  const text = `options of ${group.label} apply to its pathways here; Momentum does not apply them`
  const hint = 'put them into the Pathway if the file must mean the same to both'
  return [
    finding({
      severity: 'note',
      code: 'policy.pathway_group_extension',
      message: text,
      span: group.span,
      hint,
    }),
  ]
}

/** Every limit must name a declared zone, and each zone once: else it would not be the limit it seems. */
function checkZones(policy: Policy): Diagnostic[] {
  const known = new Set(policy.zones.map((zone) => zone.name))
  const scopes: Scope[] = [...allScopes(policy), ...policy.pathways, ...policy.pathwayGroups]
  return [...scopes, policy.global].flatMap((scope) => {
    const limits = scope.options.limitConns?.value ?? []
    return limits.flatMap(({ zone, span }): Diagnostic[] => {
      if (known.has(zone)) {
        if (limits.find((other) => other.zone === zone)?.span === span) return []
        const message = `zone "${zone}" is limited twice in ${scope.label}`
        const hint = 'leave one of them out; only the first would count'
        return [finding({ severity: 'error', code: 'policy.duplicate_limit', message, span, hint })]
      }
      const names = [...known].map((name) => `"${name}"`).join(', ')
      const hint = names === '' ? 'declare it with a zone of that name' : `declared are: ${names}`
      const message = `no zone "${zone}" is declared`
      return [finding({ severity: 'error', code: 'policy.unknown_zone', message, span, hint })]
    })
  })
}

/** Of all listeners; pathways are scopes of their own. */
export function allScopes(policy: Policy): Scope[] {
  return policy.listeners.flatMap((listener): Scope[] => [
    listener,
    ...listener.peers,
    ...listener.listens.flatMap((listen): Scope[] => [listen, ...listen.peers]),
  ])
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
