// Plans by Listen and source address: one longest-prefix lookup per session, each plan made once.

import type { Address } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import { PrefixTable } from '../base/prefix-table.ts'
import { peerTable } from './chain.ts'
import type { PeerTable } from './chain.ts'
import { planFor } from './fallback.ts'
import type { Plan } from './plan.ts'
import type { Listen, Listener, Policy } from './policy.ts'

interface Cell<T> {
  made: T | undefined
}

interface ListenPlans<T> {
  readonly listener: Listener
  readonly listen: Listen
  readonly listenPeers: PeerTable
  readonly listenerPeers: PeerTable
  /** Every block of either container: addresses that match the same one match the same Peers. */
  readonly cells: PrefixTable<Cell<T>>
  /** Addresses that no Peer matches, and addresses not known yet. */
  readonly outside: Cell<T>
}

/**
 * Answers what a policy says about a session. `make` turns each plan into what the caller keeps
 * per plan; it is called at most once per Listen and block, so the table is bounded by the policy.
 */
export class PlanTable<T> {
  readonly #policy: Policy
  readonly #make: (plan: Plan) => T
  readonly #listens = new Map<string, ListenPlans<T>>()

  constructor(policy: Policy, make: (plan: Plan) => T) {
    this.#policy = policy
    this.#make = make
    for (const listener of policy.listeners) {
      const listenerPeers = peerTable(listener.peers)
      for (const listen of listener.listens) this.#add(listener, listen, listenerPeers)
    }
  }

  has(listenId: string): boolean {
    return this.#listens.has(listenId)
  }

  /**
   * The plan for sessions on a Listen of the policy; without an address, the one no Peer decides.
   */
  get(listenId: string, address: Address | undefined): T {
    const plans = this.#listens.get(listenId)
    assert(plans !== undefined, 'no such Listen in the policy')
    const found = address === undefined ? undefined : plans.cells.lookup(address)
    const cell = found === undefined ? plans.outside : found.value
    cell.made ??= this.#make(this.#planOf(plans, address))
    return cell.made
  }

  /**
   * Adds a Listen that the policy no longer has but that still has sessions: they keep counting in
   * its listener's service and Peers (SEMANTICS S4). Does nothing when the service is gone, too.
   */
  addRetired(retired: Listen, service: Listener['service']): void {
    const listener = this.#policy.listeners.find((candidate) => candidate.service === service)
    if (listener === undefined || this.has(retired.id)) return
    const listen: Listen = { ...retired, options: {}, peers: [] }
    this.#add(listener, listen, peerTable(listener.peers))
  }

  #add(listener: Listener, listen: Listen, listenerPeers: PeerTable): void {
    const listenPeers = peerTable(listen.peers)
    const cells = new PrefixTable<Cell<T>>()
    for (const peer of [...listener.peers, ...listen.peers]) {
      cells.set(peer.block, { made: undefined })
    }
    const outside = { made: undefined }
    this.#listens.set(listen.id, { listener, listen, listenPeers, listenerPeers, cells, outside })
  }

  #planOf(plans: ListenPlans<T>, address: Address | undefined): Plan {
    const { listener, listen, listenPeers, listenerPeers } = plans
    return planFor({ policy: this.#policy, listener, listen, listenPeers, listenerPeers, address })
  }
}
