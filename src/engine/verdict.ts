// What the engine answers, and why. Log lines, events, metrics and `explain` are views of it.

import type { Limit, Stage } from '../policy/limit.ts'
import type { Plan } from '../policy/plan.ts'
import type { EngineSession } from './session.ts'

/** One limit's contribution to a verdict. `usedCount` is the count before this session. */
export interface Finding {
  readonly limit: Limit
  readonly usedCount: number
  /** The budget was at or above its cap: this limit refuses, or would if it were not dry. */
  readonly isOver: boolean
  /** The zone had no room for the state; nothing was counted here. */
  readonly isExhausted: boolean
}

export interface Admit {
  readonly kind: 'admit'
  readonly stage: Stage
  readonly session: EngineSession
  readonly plan: Plan
  readonly findings: readonly Finding[]
}

export interface Refuse {
  readonly kind: 'refuse'
  readonly stage: Stage
  /** Number of the refused session, for the log. */
  readonly sessionId: number
  readonly plan: Plan
  readonly findings: readonly Finding[]
  /** The first budget that did not fit. */
  readonly decidedBy: Finding
  readonly reason: 'full' | 'exhausted'
}

export type Verdict = Admit | Refuse

/**
 * A limit counts over several nodes, and the store that knows is asked. The session holds its slots
 * on this node; keep its client waiting, and close it if the client leaves.
 */
export interface Asking {
  readonly kind: 'asking'
  readonly stage: Stage
  readonly session: EngineSession
  readonly plan: Plan
  /** Never rejects. undefined: the session was closed meanwhile. */
  readonly settled: Promise<Verdict | undefined>
}

/** Never `asking` under a policy without a limit over several nodes. */
export type FirstVerdict = Verdict | Asking
