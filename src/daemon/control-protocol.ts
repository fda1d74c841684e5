// What is said over the control socket: one JSON object per line, a request and then its answer.

import type { Span } from '../base/diagnostic.ts'
import type { AuditReport } from '../engine/audit.ts'
import type { ClusterView } from '../engine/cluster/cluster-view.ts'
import type { BudgetView } from '../engine/engine.ts'
import type { LimitCount } from '../engine/limit-counts.ts'
import type { LimitOption, Stage, Tier } from '../policy/limit.ts'
import type { ServiceName } from '../policy/policy.ts'
import type { ExplainReport } from './explain-report.ts'
import type { LogLosses } from './daemon-log.ts'
import type { StreamName } from './feed/event-feed.ts'
import type { WorkersReport } from './plane.ts'

export type ControlRequest =
  | { readonly request: 'status' }
  | { readonly request: 'explain'; readonly listen: string; readonly from: string }
  | SessionsRequest
  | EventsRequest
  | BudgetsRequest
  | { readonly request: 'limits' }
  | RefusalsRequest
  | KickRequest
  | SetLimitRequest

/** Lines of events follow the answer, until the other side closes. */
export interface EventsRequest {
  readonly request: 'events'
  readonly stream: StreamName
}

/** Which sessions are meant: all that everything said here is true of. */
export interface SessionFilter {
  readonly user?: string
  /** An address or a block. */
  readonly from?: string
  /** Open for at least so long. */
  readonly olderMs?: number
  /** They hold a slot in a budget of this limit. */
  readonly limitId?: string
}

export interface SessionsRequest extends SessionFilter {
  readonly request: 'sessions'
  readonly limit: number
  /** Those with higher numbers, in the order of their numbers; absent: the oldest first. */
  readonly afterId?: number
}

export interface BudgetsRequest {
  readonly request: 'budgets'
  readonly limit: number
  /** So many of the first are left out. */
  readonly offset?: number
  /** What comes first: those next to their caps, or those with most sessions. */
  readonly sort: 'fill' | 'used'
  readonly zone?: string
  readonly limitId?: string
}

export interface RefusalsRequest {
  readonly request: 'refusals'
  readonly limit: number
  readonly user?: string
  readonly from?: string
  readonly limitId?: string
  /** Earlier ones than this; absent: the latest. */
  readonly before?: RefusalCursor
}

/** One refusal among those of all workers. */
export interface RefusalCursor {
  readonly atMs: number
  readonly sessionId: number
}

/** Ends sessions: those with these numbers, or at most `limit` of those that a filter finds. */
export type KickRequest =
  | KickIds
  | (SessionFilter & {
      readonly request: 'kick'
      readonly ids?: undefined
      readonly limit: number
    })

export interface KickIds {
  readonly request: 'kick'
  readonly ids: readonly number[]
}

/** Changes a cap until the next reload; 0 is no limit. */
export interface SetLimitRequest {
  readonly request: 'set_limit'
  readonly id: string
  readonly capMax: number
}

/** What an engine and its gateway can answer. */
export type Question =
  | Exclude<ControlRequest, { readonly request: 'status' | 'set_limit' | 'kick' | 'events' }>
  | KickIds

/** What a running daemon says about itself. */
export interface StatusReport {
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
  readonly log: LogLosses
  /** The last self-audit (SEMANTICS S20); absent before the first. */
  readonly audit?: AuditReport
  /** Limits whose caps are not as they are written, until the next reload. */
  readonly changedLimits: readonly string[]
  /** Absent with one worker, which is the daemon itself. */
  readonly workers?: WorkersReport
  /** The store of limits over several nodes, as each worker sees it; absent: there is none. */
  readonly cluster?: readonly ClusterView[]
}

export interface SessionView {
  readonly id: number
  readonly listen: string
  readonly client: string
  readonly ageMs: number
  readonly isAwaitingAddress: boolean
  /** Where it is on its way; absent in the moment in which it ends. */
  readonly state?: string
  /** Printable: what is not is escaped as in the log. */
  readonly login?: string
  readonly upstream?: string
  readonly isTls?: boolean
  readonly bytesFromClient?: number
  readonly bytesToClient?: number
  readonly silentMs?: number
}

export interface SessionsReport {
  readonly sessionsActive: number
  /** How many are of the user and from the block that were asked for. */
  readonly matchingCount: number
  /** The oldest ones first, at most as many as were asked for. */
  readonly sessions: readonly SessionView[]
}

/** The first line of an event stream. */
export interface EventsReport {
  readonly stream: StreamName
  /** Of the events; a reader that knows another one must not go on. */
  readonly version: number
  readonly workers: number
}

/**
 * Stands behind the events of each batch: all that a worker has to say up to this place has been
 * said, but for those that were lost.
 */
export interface SyncLine {
  readonly event: 'sync'
  readonly worker: number
  readonly upTo: number
  readonly lost: number
}

export interface FilledBudget extends BudgetView {
  /** The smallest of the caps that hold for it; absent: counted, never refused. */
  readonly capMax?: number
  /** `usedCount` for each one of `capMax`: 1 is full. */
  readonly fill?: number
  readonly limitIds: readonly string[]
}

export interface BudgetsReport {
  readonly revision: number
  /** How many there are of what was asked for. */
  readonly matchingCount: number
  /** False: there are more states than were looked at. */
  readonly isComplete: boolean
  readonly budgets: readonly FilledBudget[]
}

export interface LimitView extends LimitCount {
  readonly id: string
  readonly stage: Stage
  readonly option: LimitOption
  readonly tier: Tier
  readonly scope: string
  readonly zone: string
  /** After authentication: what is counted, `$remote_user`. */
  readonly key?: string
  readonly capMax?: number
  readonly isDryRun: boolean
  readonly origin: Span
  /** It is not as it is written there, until the next reload. */
  readonly isChanged: boolean
  /** What is written, for a changed one. */
  readonly configuredMax?: number
  /** In the fullest of its budgets now. */
  readonly usedCount: number
}

export interface ZoneView {
  readonly name: string
  readonly statesUsed: number
  /** States of 64 bytes that are left; absent: it has no size of its own. */
  readonly statesFree?: number
}

export interface LimitsReport {
  readonly revision: number
  readonly limits: readonly LimitView[]
  readonly zones: readonly ZoneView[]
}

export interface FindingView {
  /** Absent: counted, and nobody wrote a cap. */
  readonly limitId?: string
  readonly option: LimitOption
  readonly tier: Tier
  readonly scope: string
  readonly zone: string
  /** Printable. */
  readonly key: string
  readonly usedCount: number
  readonly capMax?: number
  readonly isDryRun: boolean
  readonly isOver: boolean
  readonly isExhausted: boolean
  readonly origin?: Span
}

export interface RefusalView {
  readonly at: string
  readonly atMs: number
  readonly sessionId: number
  readonly stage: Stage
  readonly reason: 'full' | 'exhausted'
  readonly service: ServiceName
  readonly listen: string
  readonly client: string
  readonly login?: string
  /** The limit that decided. */
  readonly limitId: string
  /** Index of it in `findings`. */
  readonly decidedBy: number
  readonly findings: readonly FindingView[]
}

export interface RefusalsReport {
  /** How many are kept of those that were asked for. */
  readonly matchingCount: number
  /** The latest first. */
  readonly refusals: readonly RefusalView[]
}

export interface KickReport {
  readonly matchingCount: number
  readonly kickedIds: readonly number[]
}

export interface SetLimitReport {
  readonly revision: number
  readonly limit: LimitView
}

/** The answer to each request. */
export interface ControlResults {
  readonly status: StatusReport
  readonly explain: ExplainReport
  readonly sessions: SessionsReport
  readonly budgets: BudgetsReport
  readonly events: EventsReport
  readonly limits: LimitsReport
  readonly refusals: RefusalsReport
  readonly kick: KickReport
  readonly set_limit: SetLimitReport
}

export type ControlResponse =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly problem: string }

/** A request is a handful of short fields; a kibibyte would do, this is room for what comes. */
export const requestLengthMax: number = 64 * 1024

/** One answer holds 300 to 600 bytes per session: 6 MB. Whoever wants more wants a trace. */
export const sessionsListedMax = 10_000
/** As many are kept, and a page is a tenth of it: a verdict has some 1,500 bytes in JSON. */
export const refusalsKeptMax = 10_000
export const refusalsListedMax = 1000
/** Of a million keys nobody reads more than the fullest; 100 bytes each. */
export const budgetsListedMax = 10_000
/** Sessions ended by one request. More at once is a stop, or a mistake. */
export const kickedMax = 1000
