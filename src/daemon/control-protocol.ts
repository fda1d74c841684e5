// What is said over the control socket: one JSON object per line, a request and then its answer.

import type { AuditReport } from '../engine/audit.ts'
import type { BudgetView } from '../engine/engine.ts'
import type { ExplainReport } from './explain-report.ts'
import type { LogLosses } from './daemon-log.ts'

export type ControlRequest =
  | { readonly request: 'status' }
  | { readonly request: 'explain'; readonly listen: string; readonly from: string }
  | { readonly request: 'sessions'; readonly limit: number }
  | { readonly request: 'budgets' }

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
}

export interface SessionView {
  readonly id: number
  readonly listen: string
  readonly client: string
  readonly ageMs: number
  readonly isAwaitingAddress: boolean
}

export interface SessionsReport {
  readonly sessionsActive: number
  /** The oldest ones first, at most as many as were asked for. */
  readonly sessions: readonly SessionView[]
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
}

export type ControlResponse =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly problem: string }

/** A request is a handful of short fields; a kibibyte would do, this is room for what comes. */
export const requestLengthMax: number = 64 * 1024

/** One answer holds about 150 bytes per session: 1.5 MB. Whoever wants more wants a trace. */
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
      return sessionsRequest(fields['limit'] ?? sessionsListedDefault)
    case 'explain':
      return explainRequest(fields['listen'], fields['from'])
    default:
      return { problem: 'Unknown request: it is one of status, explain, sessions, budgets.' }
  }
}

function sessionsRequest(limit: unknown): ReturnType<typeof parseRequest> {
  const isCount = typeof limit === 'number' && Number.isInteger(limit)
  if (!isCount || limit < 0 || limit > sessionsListedMax) {
    return { problem: `"limit" is a number from 0 to ${sessionsListedMax}.` }
  }
  return { request: { request: 'sessions', limit } }
}

function explainRequest(listen: unknown, from: unknown): ReturnType<typeof parseRequest> {
  if (typeof listen !== 'string' || typeof from !== 'string') {
    return { problem: '"listen" and "from" are text: a Listen and an address.' }
  }
  return { request: { request: 'explain', listen, from } }
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
