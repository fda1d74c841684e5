// The engine's outside: open, adopt, close, replace, snapshot, explain, audit.

import type { Address } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Tally } from '../base/tally.ts'
import type { Plan } from '../policy/plan.ts'
import type { Policy } from '../policy/policy.ts'
import type { AuditReport } from './audit.ts'
import type { AuthFacts } from './auth-facts.ts'
import type { EngineEvent } from './events.ts'
import type { EngineSession } from './session.ts'
import type { ClusterView } from './cluster/cluster-view.ts'
import type { ClusterSource } from './cluster/cluster-source.ts'
import type { Finding, FirstVerdict } from './verdict.ts'
import type { Zone } from './zone.ts'
import type { ZoneSource } from './zone-source.ts'

export interface OpenRequest {
  /** `Listen.id` of the socket that accepted. */
  readonly listenId: string
  /** Remote address as the kernel prints it; a Unix-socket client is `unix` (SEMANTICS S10). */
  readonly remote: string
}

export interface BudgetView {
  readonly zone: string
  readonly key: string
  readonly usedCount: number
}

export interface Totals {
  readonly sessionsActive: number
  readonly admittedTotal: number
  readonly refusedTotal: number
}

export interface Snapshot extends Totals {
  readonly revision: number
  readonly budgets: readonly BudgetView[]
}

export interface Explanation {
  readonly plan: Plan
  /** Every limit with its count now; `isOver` says which would refuse one more session. */
  readonly findings: readonly Finding[]
  readonly wouldAdmit: boolean
}

export interface Engine {
  readonly policy: Policy
  /** 1 for the first policy, one more for every replacement. */
  readonly revision: number
  /**
   * Decides about a new session, synchronously and all or nothing (SEMANTICS S17); where a limit
   * counts over several nodes it may have to ask first.
   */
  open(request: OpenRequest): FirstVerdict
  /**
   * The PROXY header came: evaluates everything with the address it named. A refused session holds
   * nothing.
   */
  adopt(session: EngineSession, remote: string): FirstVerdict
  /**
   * The session's user is known: takes the slots of every limit that applies to it, once in a
   * session's life and before its upstream is connected (SEMANTICS S14). A refused session holds
   * nothing any more, not even the slots of its connection.
   */
  authenticate(session: EngineSession, facts: AuthFacts): FirstVerdict
  /** Gives every slot back; the second call does nothing. Call it from the socket's `close`. */
  close(session: EngineSession): void
  /**
   * Re-counts the live sessions under another policy without checking them, and swaps (SEMANTICS
   * S19). False: the others did not agree, and all is as before.
   */
  replacePolicy(policy: Policy, swap?: PolicySwap): boolean
  /** Plan for one kind of session, without counting anything. */
  plan(listenId: string, address: Address | undefined): Plan | undefined
  explain(request: OpenRequest): Explanation | undefined
  /** The same, with the counts over all nodes where the store says them. */
  explainLive(request: OpenRequest): Promise<Explanation | undefined>
  /** The numbers that cost nothing to ask for. */
  totals(): Totals
  snapshot(): Snapshot
  /** Every zone of the policy in force, that of the connect stage first. */
  zones(): readonly Zone[]
  sessions(): Iterable<EngineSession>
  /** Compares the counts with the sessions whose sockets are really open. */
  audit(openIds: ReadonlySet<number>): AuditReport
  /** The store of limits over several nodes; undefined: there is none. */
  cluster(): ClusterView | undefined
  /** Resolves when that store counts, or when it is plain that it does not for now. */
  joined(): Promise<void>
  /** Lets go of that store; for when every session is closed. */
  leave(): Promise<void>
}

/** How a policy is replaced where several engines count together. */
export interface PolicySwap {
  readonly zones: ZoneSource
  /**
   * Called when this engine's sessions are counted in the new zones. Waits for the others without
   * letting anything else of this thread run; false when the swap is off.
   */
  readonly agree: () => boolean
}

export interface EngineOptions {
  readonly policy: Policy
  readonly clock?: Clock
  /** Zones shared with other engines; absent: its own memory. */
  readonly zones?: ZoneSource
  /** Number of the first policy; absent: 1. */
  readonly revision?: number
  /** Where admissions and refusals are counted; absent: in memory of its own. */
  readonly tally?: Tally
  /** Numbers of sessions, when several engines draw from one row. */
  readonly nextSessionId?: () => number
  /** The next place in the order of events; called under the locks, so it must be quick. */
  readonly nextOrder?: () => number
  /**
   * Opens the store of limits over several nodes; absent: they count on this node alone, as they
   * would with no other.
   */
  readonly cluster?: ClusterSource
  /** Called synchronously for every event; must not throw. */
  readonly onEvent?: (event: EngineEvent) => void
}
