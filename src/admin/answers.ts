// What the admin API answers, as types. The schemas of schemas.ts are checked against them, and so is
// what the daemon reports.

import type { Span } from '../base/diagnostic.ts'
import type { LimitOption, Stage, Tier } from '../policy/limit.ts'
import type { ServiceName } from '../policy/policy.ts'

export interface Finding {
  readonly limitId?: string
  readonly option: LimitOption
  readonly tier: Tier
  readonly scope: string
  readonly zone: string
  readonly key: string
  readonly usedCount: number
  readonly capMax?: number
  readonly isDryRun: boolean
  readonly isOver: boolean
  readonly isExhausted: boolean
  readonly origin?: Span
}

export interface Diagnostic {
  readonly severity: 'error' | 'warning' | 'note'
  readonly code: string
  readonly message: string
  readonly span?: Span
  readonly hint?: string
}

export interface ErrorAnswer {
  readonly error: {
    readonly code: string
    readonly message: string
    /** What is wrong with the configuration, where a reload was refused. */
    readonly diagnostics?: readonly Diagnostic[]
  }
}

export interface Status {
  readonly version: string
  readonly pid: number
  readonly configuration: string
  readonly startedAt: string
  readonly uptimeMs: number
  readonly isDraining: boolean
  readonly revision: number
  readonly sessionsActive: number
  readonly admittedTotal: number
  readonly refusedTotal: number
  readonly refusalsLingering: number
  readonly bytesFromClients: number
  readonly bytesFromUpstreams: number
  readonly bound: readonly string[]
  readonly log: {
    readonly suppressedTotal: number
    readonly droppedTotal: number
    readonly errorsTotal: number
  }
  readonly audit?: {
    readonly drift: number
    readonly leakedIds: readonly number[]
    readonly unknownIds: readonly number[]
  }
  readonly changedLimits: readonly string[]
  readonly workers?: {
    readonly configured: number
    readonly running: number
    readonly restartedTotal: number
    readonly hostPid?: number
  }
  /** The store of limits over several nodes, as each worker sees it. */
  readonly cluster?: readonly ClusterState[]
  /** Whether this caller may change anything, and if not, why. */
  readonly access: {
    readonly mayChange: boolean
    readonly why?: string
    /** There is a token that would let it. */
    readonly takesToken: boolean
  }
}

export interface ClusterState {
  readonly name: string
  readonly node: string
  readonly worker: number
  readonly leaseMs: number
  readonly driftTotal: number
  readonly ledgers: readonly {
    readonly zone?: string
    readonly state: string
    readonly epoch?: string
    readonly leasesTotal: number
    readonly leaseLeftMs: number
    readonly nodeCount: number
    readonly holderCount: number
    readonly slotsHeld: number
    /** Present: limits do what their `When_Away` says. */
    readonly awayMs?: number
    readonly why?: string
    readonly detail?: string
  }[]
}

export interface Limit {
  readonly id: string
  readonly stage: Stage
  readonly option: LimitOption
  readonly tier: Tier
  readonly scope: string
  readonly zone: string
  readonly key?: string
  readonly capMax?: number
  readonly isDryRun: boolean
  readonly origin: Span
  /** The statement of the configuration that `origin` points at. */
  readonly line?: string
  readonly isChanged: boolean
  readonly configuredMax?: number
  readonly usedCount: number
  readonly refusedTotal: number
  readonly exhaustedTotal: number
  readonly dryRunTotal: number
  readonly highWaterCount: number
}

export interface Limits {
  readonly revision: number
  readonly limits: readonly Limit[]
  readonly zones: readonly {
    readonly name: string
    readonly statesUsed: number
    readonly statesFree?: number
  }[]
}

export interface LimitAnswer {
  readonly revision: number
  readonly limit: Limit
}

export interface Budgets {
  readonly revision: number
  readonly matchingCount: number
  readonly isComplete: boolean
  readonly budgets: readonly {
    readonly zone: string
    readonly key: string
    readonly usedCount: number
    readonly capMax?: number
    readonly fill?: number
    readonly limitIds: readonly string[]
  }[]
}

export interface Sessions {
  readonly sessionsActive: number
  readonly matchingCount: number
  readonly sessions: readonly {
    readonly id: number
    readonly listen: string
    readonly client: string
    readonly ageMs: number
    readonly isAwaitingAddress: boolean
    readonly state?: string
    readonly login?: string
    readonly upstream?: string
    readonly isTls?: boolean
    readonly bytesFromClient?: number
    readonly bytesToClient?: number
    readonly silentMs?: number
  }[]
  /** For the next page; absent: this is the last one. */
  readonly nextAfter?: number
}

export interface Refusals {
  readonly matchingCount: number
  readonly refusals: readonly {
    readonly at: string
    readonly atMs: number
    readonly sessionId: number
    readonly stage: Stage
    readonly reason: 'full' | 'exhausted'
    readonly service: ServiceName
    readonly listen: string
    readonly client: string
    readonly login?: string
    readonly limitId: string
    readonly decidedBy: number
    readonly findings: readonly Finding[]
  }[]
  /** For the next page; absent: this is the last one. */
  readonly nextBefore?: string
}

/** Where a limit counts over all nodes. */
export interface Cluster {
  readonly whenAway: string
  readonly block?: number
}

export interface Explained {
  readonly listen: string
  readonly from: string
  readonly service: ServiceName
  readonly revision: number
  readonly dialect: 'momentum' | 'nginx'
  readonly limits: readonly {
    readonly limitId?: string
    readonly option: LimitOption
    readonly tier: Tier
    readonly scope: string
    readonly usedCount: number
    readonly capMax?: number
    readonly isDryRun: boolean
    readonly isOver: boolean
    readonly origin?: Span
    readonly cluster?: Cluster
    readonly because: readonly string[]
    readonly isChanged?: boolean
  }[]
  readonly afterLogin?: readonly {
    readonly limitId: string
    readonly zone: string
    readonly key: string
    readonly capMax: number
    readonly isDryRun: boolean
    readonly scope: string
    readonly origin: Span
    readonly cluster?: Cluster
    readonly isChanged?: boolean
  }[]
  readonly options: readonly {
    readonly option: string
    /** Absent where it may be secret. */
    readonly value?: unknown
    readonly scope?: string
    readonly origin?: Span
    readonly because: readonly string[]
  }[]
  readonly answer: 'admit' | 'refuse'
  readonly decidedBy?: number
  readonly reply?: string
}

export interface HistoryAnswer {
  /** Between two points. */
  readonly stepMs: number
  /** When the last point was taken, milliseconds since 1970. */
  readonly untilMs: number
  readonly limits: readonly {
    readonly id: string
    /** The oldest first; as many as there are, 360 at most. */
    readonly used: readonly number[]
    /** Refused in the step that ends there. */
    readonly refused: readonly number[]
  }[]
}

export interface Kicked {
  readonly matchingCount: number
  readonly kickedIds: readonly number[]
}

export interface DrainAnswer {
  readonly isDraining: boolean
  readonly sessionsActive: number
}

export interface ReloadAnswer {
  /** False for a dry run. */
  readonly isDone: boolean
  readonly revision: number
  readonly diagnostics: readonly Diagnostic[]
  /** What differs from the policy that was in force before. */
  readonly changes?: readonly {
    readonly kind: 'listen' | 'limit' | 'zone' | 'option' | 'daemon'
    readonly what: 'added' | 'removed' | 'changed'
    readonly name: string
    readonly scope?: string
    readonly before?: string
    readonly after?: string
    readonly origin?: Span
  }[]
  /** How many there are, where not all are listed. */
  readonly changeCount?: number
}

export interface Health {
  readonly status: 'ok'
}
