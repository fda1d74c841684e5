// Checks of a policy about looking up the names of clients.

import type { Diagnostic, Span } from '../base/diagnostic.ts'
import { chainOf } from './chain.ts'
import type { PolicyCode } from './codes.ts'
import { findOption } from './fallback.ts'
import type { OptionWord } from './option-word.ts'
import type { Listen, Listener, Policy, Scope } from './policy.ts'

/** A resolver that no session needs, and one that may ask for nothing. */
export function checkResolvers(policy: Policy, word: OptionWord): Diagnostic[] {
  const chains = policy.listeners.flatMap((listener) =>
    listener.service === 'smtp'
      ? listener.listens.flatMap((listen) => chainsOf(policy, listener, listen))
      : [],
  )
  return [...checkNeed(chains, word), ...checkFamilies(chains)]
}

/** The scopes of the sessions of a Listen: those no Peer matches, and those of each Peer. */
function chainsOf(policy: Policy, listener: Listener, listen: Listen): (readonly Scope[])[] {
  const outside = chainOf(policy, listen.id, undefined)?.scopes ?? []
  const peers: readonly Scope[] = [...listen.peers, ...listener.peers]
  return [outside, ...peers.map((peer) => [peer, ...outside])]
}

function checkNeed(chains: readonly (readonly Scope[])[], word: OptionWord): Diagnostic[] {
  // By their place: what `mail` says is in every server, and needed when one of them needs it.
  const needed = new Set<string>()
  const found = new Map<string, { readonly span: Span; readonly label: string }>()
  for (const scopes of chains) {
    const resolver = findOption(scopes, 'resolver')
    if (resolver === undefined || resolver.sourced.value.length === 0) continue
    const { span } = resolver.sourced
    const place = `${span.file}:${span.line}:${span.column}`
    found.set(place, { span, label: resolver.scope.label })
    if (isTold(scopes)) needed.add(place)
  }
  const code: PolicyCode = 'policy.resolver_without_use'
  return [...found].flatMap(([place, { span, label }]) =>
    needed.has(place)
      ? []
      : [
          {
            severity: 'warning',
            code,
            message: `nobody is told the names that the resolver in ${label} would find`,
            span,
            hint: `an auth server is told, and an upstream with ${word('upstreamXclient')}`,
          } as const,
        ],
  )
}

/** Is there somebody who hears what a client is called? */
function isTold(scopes: readonly Scope[]): boolean {
  const authenticator = findOption(scopes, 'authenticator')?.sourced.value
  const xclient = findOption(scopes, 'upstreamXclient')?.sourced.value ?? 'no'
  return authenticator?.kind === 'http' || xclient !== 'no'
}

function checkFamilies(chains: readonly (readonly Scope[])[]): Diagnostic[] {
  const code: PolicyCode = 'policy.resolver_without_family'
  const spans = chains.flatMap((scopes) => {
    const ipv4 = findOption(scopes, 'resolverIpv4')?.sourced
    const ipv6 = findOption(scopes, 'resolverIpv6')?.sourced
    return ipv4?.value === false && ipv6?.value === false ? [ipv6.span] : []
  })
  return [...new Set(spans)].map((span) => ({
    severity: 'error',
    code,
    message: 'a resolver that may look for neither IPv4 nor IPv6 addresses finds no name',
    span,
    hint: 'leave one of them on, or the resolver out',
  }))
}
