// What is said over the control socket: one JSON object per line, a request and then its answer.

import { parseBlock } from '../base/address.ts'
import type { AuditReport } from '../engine/audit.ts'
import type { ClusterView } from '../engine/cluster/cluster-view.ts'
import type { BudgetView } from '../engine/engine.ts'
import type { ExplainReport } from './explain-report.ts'
import type { LogLosses } from './daemon-log.ts'
import { streamNames } from './feed/event-feed.ts'
import type { StreamName } from './feed/event-feed.ts'
import type { WorkersReport } from './plane.ts'

export type ControlRequest =
  | { readonly request: 'status' }
  | { readonly request: 'explain'; readonly listen: string; readonly from: string }
  | SessionsRequest
  | { readonly request: 'budgets' }
  | EventsRequest

/** Lines of events follow the answer, until the other side closes. */
export interface EventsRequest {
  readonly request: 'events'
  readonly stream: StreamName
}

/** Sessions of one user, from one block of addresses, or both; all of them without either. */
export interface SessionsRequest {
  readonly request: 'sessions'
  readonly limit: number
  readonly user?: string
  readonly from?: string
}

/** What an engine can answer. */
export type Question = Exclude<ControlRequest, { readonly request: 'status' | 'events' }>

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

export interface BudgetsReport {
  readonly revision: number
  readonly budgets: readonly BudgetView[]
}

/** The answer to each request. */
export interface ControlResults {
  readonly status: StatusReport
  readonly explain: ExplainReport
  readonly sessions: SessionsReport
  readonly budgets: BudgetsReport
  readonly events: EventsReport
}

export type ControlResponse =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly problem: string }

/** A request is a handful of short fields; a kibibyte would do, this is room for what comes. */
export const requestLengthMax: number = 64 * 1024

/** One answer holds 300 to 600 bytes per session: 6 MB. Whoever wants more wants a trace. */
export const sessionsListedMax = 10_000
const sessionsListedDefault = 100

/** Reads one request line; `problem` is a sentence for whoever wrote it. */
export function parseRequest(
  line: string,
): { readonly request: ControlRequest } | { readonly problem: string } {
  const fields = parseObject(line)
  if (fields === undefined) return { problem: 'A request is one JSON object per line.' }
  switch (fields['request']) {
    case 'status':
    case 'budgets':
      return { request: { request: fields['request'] } }
    case 'sessions':
      return sessionsRequest(fields)
    case 'explain':
      return explainRequest(fields['listen'], fields['from'])
    case 'events':
      return eventsRequest(fields['stream'])
    default:
      return {
        problem: 'Unknown request: it is one of status, explain, sessions, budgets, events.',
      }
  }
}

function sessionsRequest(
  fields: Readonly<Record<string, unknown>>,
): ReturnType<typeof parseRequest> {
  const { limit = sessionsListedDefault, user, from } = fields
  const isCount = typeof limit === 'number' && Number.isInteger(limit)
  if (!isCount || limit < 0 || limit > sessionsListedMax) {
    return { problem: `"limit" is a number from 0 to ${sessionsListedMax}.` }
  }
  if (user !== undefined && typeof user !== 'string') return { problem: '"user" is a text.' }
  if (from !== undefined && (typeof from !== 'string' || parseBlock(from) === undefined)) {
    return { problem: '"from" is an address or a block, as in 10.0.0.0/8.' }
  }
  return {
    request: {
      request: 'sessions',
      limit,
      ...(user === undefined ? {} : { user }),
      ...(from === undefined ? {} : { from }),
    },
  }
}

function explainRequest(listen: unknown, from: unknown): ReturnType<typeof parseRequest> {
  if (typeof listen !== 'string' || typeof from !== 'string') {
    return { problem: '"listen" and "from" are text: a Listen and an address.' }
  }
  return { request: { request: 'explain', listen, from } }
}

function eventsRequest(asked: unknown): ReturnType<typeof parseRequest> {
  const stream = streamNames.find((name) => name === asked)
  if (stream === undefined) return { problem: `"stream" is one of ${streamNames.join(', ')}.` }
  return { request: { request: 'events', stream } }
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    // Checked: a JSON object has string keys, and its values stay unknown.
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
