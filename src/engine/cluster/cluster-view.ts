// What is told about the store: events for the log, and its state for whoever asks.

import type { LeaseState, LossReason } from './lease.ts'

/** `zone`: in a Redis Cluster, where each zone stands by itself. */
export type ClusterEvent =
  /** From now on limits over all nodes do what their `When_Away` says. */
  | {
      readonly kind: 'cluster_away'
      readonly zone?: string
      readonly why: LossReason
      readonly detail: string
    }
  /** The store counts; `awayMs`: again, after so long. */
  | {
      readonly kind: 'cluster_counting'
      readonly zone?: string
      readonly nodeCount: number
      readonly awayMs?: number
    }
  /** The store had lost or doubled writes of this node; everything was published anew. */
  | { readonly kind: 'cluster_drift'; readonly zone?: string; readonly drift: number }

export interface ClusterView {
  readonly name: string
  readonly node: string
  readonly worker: number
  readonly leaseMs: number
  /** What the store lost or doubled since the start; each time it was made good. */
  readonly driftTotal: number
  /** One; in a Redis Cluster one for each zone. */
  readonly ledgers: readonly LedgerView[]
}

export interface LedgerView {
  readonly zone?: string
  readonly state: LeaseState
  readonly epoch?: string
  /** Leases begun since the start. */
  readonly leasesTotal: number
  readonly leaseLeftMs: number
  /** Machines that count together, this one among them, and their workers. */
  readonly nodeCount: number
  readonly holderCount: number
  readonly slotsHeld: number
  /** Present: limits do what `When_Away` says. */
  readonly awayMs?: number
  readonly why?: LossReason
  readonly detail?: string
}
