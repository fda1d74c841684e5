// The engine's view of one session: who it is and which slots it holds.

import type { Address } from '../base/address.ts'
import type { Stage } from '../policy/limit.ts'
import type { Plan } from '../policy/plan.ts'
import type { AuthFacts } from './auth-facts.ts'
import type { ClusterPart } from './cluster/cluster-part.ts'
import type { StateHandle } from './zone.ts'

/** A live session. The gateway keeps it from open to close and leaves `slots` alone. */
export interface EngineSession {
  readonly id: number
  readonly listenId: string
  /** The address it counts under: the peer's, or the one its PROXY header gave. */
  readonly address: Address
  /** Replaced when a reload brings another policy. */
  readonly plan: Plan
  /** Engine clock, monotonic milliseconds. */
  readonly openedMs: number
  /** The PROXY header is still awaited; only shared budgets are held (SEMANTICS S12). */
  readonly isAwaitingAddress: boolean
  /** What is known since it authenticated; a reload counts it again by these. */
  readonly facts?: AuthFacts
  /** One handle per slot held; empty once closed or refused. */
  readonly slots: readonly StateHandle[]
}

const noParts: readonly ClusterPart[] = Object.freeze([])

/** The engine's own, writable side of a session. */
export class LiveSession implements EngineSession {
  readonly id: number
  readonly listenId: string
  readonly openedMs: number
  address: Address
  plan: Plan
  isAwaitingAddress: boolean
  facts?: AuthFacts
  slots: readonly StateHandle[]
  /** What it holds in the store. */
  parts: readonly ClusterPart[] = noParts
  /** The stage at which the store is asked about it just now. */
  asking: Stage | undefined = undefined

  constructor(first: EngineSession) {
    this.id = first.id
    this.listenId = first.listenId
    this.openedMs = first.openedMs
    this.address = first.address
    this.plan = first.plan
    this.isAwaitingAddress = first.isAwaitingAddress
    this.slots = first.slots
  }
}
