// The order in which scopes are asked for a value (momentum fallback; SEMANTICS S7 to S11).

import type { Address } from '../base/address.ts'
import { PrefixTable } from '../base/prefix-table.ts'
import type { Listen, Listener, Pathway, PathwayGroup, Peer, Policy, Scope } from './policy.ts'

/** Peers of one container, by block. */
export type PeerTable = PrefixTable<Peer>

/** The scopes that may decide for one kind of session. */
export interface Chain {
  readonly policy: Policy
  readonly listener: Listener
  readonly listen: Listen
  /** Matching Peers, most specific first: the Listen's, then the Listener's. */
  readonly peers: readonly Peer[]
  /** Every scope, innermost first, the effective pathway just below the scope that names it. */
  readonly scopes: readonly Scope[]
  /** `scopes` without the Peers: where the value of a shared budget is looked for. */
  readonly shared: readonly Scope[]
}

export interface ChainRequest {
  readonly policy: Policy
  readonly listener: Listener
  readonly listen: Listen
  readonly listenPeers: PeerTable
  readonly listenerPeers: PeerTable
  /** Absent: the address is not known yet, and no Peer can match (SEMANTICS S12). */
  readonly address: Address | undefined
}

export function chainFor(request: ChainRequest): Chain {
  const { policy, listener, listen, address } = request
  const peers =
    address === undefined
      ? []
      : [...request.listenPeers.matches(address), ...request.listenerPeers.matches(address)]
  const scopes = withPathway(policy, [...peers, listen, listener])
  scopes.push(policy.global)
  return {
    policy,
    listener,
    listen,
    peers,
    scopes,
    shared: scopes.filter((s) => s.kind !== 'peer'),
  }
}

/** A session has one effective pathway: the one the innermost scope names (SEMANTICS S11). */
function withPathway(policy: Policy, inner: readonly Scope[]): Scope[] {
  const scopes: Scope[] = []
  let isPathwayFound = false
  for (const scope of inner) {
    scopes.push(scope)
    const named = scope.options.pathway
    if (named === undefined || isPathwayFound) continue
    isPathwayFound = true
    scopes.push(...pathwayScopes(policy, named.value))
  }
  return scopes
}

/** momentum `pathway`: pathway_group::pathway, then pathway, then pathway_group. */
function pathwayScopes(policy: Policy, name: string): (Pathway | PathwayGroup)[] {
  const named = policy.pathways.filter((pathway) => pathway.name === name)
  const grouped = named.filter((pathway) => pathway.group !== undefined)
  const plain = named.filter((pathway) => pathway.group === undefined)
  const groups = policy.pathwayGroups.filter((group) =>
    grouped.some((pathway) => pathway.group === group.name),
  )
  return [...grouped, ...plain, ...groups]
}

/** The chain of one session, made from the policy alone; for `explain`, not for the accept path. */
export function chainOf(
  policy: Policy,
  listenId: string,
  address: Address | undefined,
): Chain | undefined {
  for (const listener of policy.listeners) {
    const listen = listener.listens.find((candidate) => candidate.id === listenId)
    if (listen === undefined) continue
    // Without an address no Peer is looked up, so checks over many Listens stay cheap.
    const listenPeers = peerTable(address === undefined ? [] : listen.peers)
    const listenerPeers = peerTable(address === undefined ? [] : listener.peers)
    return chainFor({ policy, listener, listen, listenPeers, listenerPeers, address })
  }
  return undefined
}

export function peerTable(peers: readonly Peer[]): PeerTable {
  const table = new PrefixTable<Peer>()
  for (const peer of peers) table.set(peer.block, peer)
  return table
}
