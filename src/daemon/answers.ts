// What the daemon answers to the questions that come over its control socket.

import { unreachable } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import type { Engine } from '../engine/engine.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { budgetsOf } from './answer-budgets.ts'
import { limitsOf } from './answer-limits.ts'
import { refusalsOf } from './answer-refusals.ts'
import { sessionsOf } from './answer-sessions.ts'
import type {
  ControlRequest,
  ControlResponse,
  EventsRequest,
  KickReport,
  KickRequest,
  Question,
  SessionsReport,
  SetLimitRequest,
  StatusReport,
} from './control-protocol.ts'
import type { LogLosses } from './daemon-log.ts'
import type { EventRecord } from './event-record.ts'
import { explainLive } from './explain-report.ts'
import type { ExplainRequest } from './explain-report.ts'
import type { Plane, PlaneReport } from './plane.ts'

/** What the answers are made from. */
export interface AnswerSources {
  readonly plane: Pick<Plane, 'report' | 'ask'>
  readonly clock: Clock
  readonly version: string
  readonly configuration: string
  readonly startedMs: number
  readonly startedAt: string
  readonly logLosses: () => LogLosses
  readonly isDraining: () => boolean
  readonly changedLimits: () => readonly string[]
  readonly setLimit: (request: SetLimitRequest) => Promise<ControlResponse>
}

/** Answers one request. */
export async function answerRequest(
  sources: AnswerSources,
  request: Exclude<ControlRequest, EventsRequest>,
): Promise<ControlResponse> {
  switch (request.request) {
    case 'status':
      return { ok: true, result: statusOf(sources, await sources.plane.report()) }
    case 'kick':
      return kickSessions(sources.plane, request)
    case 'set_limit':
      return sources.setLimit(request)
    default:
      return sources.plane.ask(request)
  }
}

/** Those that a filter finds are named first: so no more are ended than were asked for. */
export async function kickSessions(
  plane: Pick<Plane, 'ask'>,
  request: KickRequest,
): Promise<ControlResponse> {
  if (request.ids !== undefined) return plane.ask({ request: 'kick', ids: request.ids })
  const { limit, ...filter } = request
  const found = await plane.ask({ ...filter, request: 'sessions', limit })
  if (!found.ok) return found
  // Checked by the protocol: `sessions` and `kick` are answered with these.
  const { matchingCount, sessions } = found.result as SessionsReport
  const kicked = await plane.ask({ request: 'kick', ids: sessions.map(({ id }) => id) })
  if (!kicked.ok) return kicked
  const { kickedIds } = kicked.result as KickReport
  const result: KickReport = { matchingCount, kickedIds }
  return { ok: true, result }
}

/** What can be asked of one engine and its gateway. */
export interface QuestionSources {
  readonly engine: Engine
  readonly gateway: Pick<Gateway, 'detail' | 'end'>
  readonly clock: Clock
  readonly record: EventRecord
}

/** Answers what one engine and its gateway can answer. */
export async function answerQuestion(
  sources: QuestionSources,
  question: Question,
): Promise<ControlResponse> {
  const { engine, gateway, record } = sources
  switch (question.request) {
    case 'sessions':
      return { ok: true, result: await sessionsOf({ ...sources, limits: record.limits }, question) }
    case 'budgets':
      return { ok: true, result: await budgetsOf(engine, record.limits, question) }
    case 'limits': {
      const { counts, limits } = record
      return { ok: true, result: await limitsOf({ engine, counts, limits }) }
    }
    case 'refusals':
      return { ok: true, result: await refusalsOf(record.refusals, question) }
    case 'kick': {
      const kickedIds = question.ids.filter((id) => gateway.end(id))
      const result: KickReport = { matchingCount: kickedIds.length, kickedIds }
      return { ok: true, result }
    }
    case 'explain': {
      const { listen, from } = question
      return explained(engine, { listen, from })
    }
    default:
      return unreachable(question)
  }
}

async function explained(engine: Engine, request: ExplainRequest): Promise<ControlResponse> {
  const result = await explainLive(engine, request)
  if ('problem' in result) return { ok: false, problem: result.problem }
  return { ok: true, result: result.report }
}

function statusOf(sources: AnswerSources, report: PlaneReport): StatusReport {
  const { clock } = sources
  const { revision, totals, stats, bound, audit, workers, cluster } = report
  const { refusalsLingering, bytesFromClients, bytesFromUpstreams } = stats
  return {
    version: sources.version,
    pid: process.pid,
    configuration: sources.configuration,
    startedAt: sources.startedAt,
    uptimeMs: Math.round(clock.monotonicMs() - sources.startedMs),
    isDraining: sources.isDraining(),
    revision,
    ...totals,
    refusalsLingering,
    bytesFromClients,
    bytesFromUpstreams,
    bound,
    log: addLosses(sources.logLosses(), report.log),
    changedLimits: sources.changedLimits(),
    ...(audit === undefined ? {} : { audit }),
    ...(workers === undefined ? {} : { workers }),
    ...(cluster === undefined ? {} : { cluster }),
  }
}

/** What several logs lost together. */
export function addLosses(one: LogLosses, other: LogLosses | undefined): LogLosses {
  if (other === undefined) return one
  return {
    suppressedTotal: one.suppressedTotal + other.suppressedTotal,
    droppedTotal: one.droppedTotal + other.droppedTotal,
    errorsTotal: one.errorsTotal + other.errorsTotal,
  }
}
