// What the daemon answers to the questions that come over its control socket.

import { blockContains, parseBlock } from '../base/address.ts'
import { unreachable } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { escapeText } from '../base/escape.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineSession } from '../engine/session.ts'
import type { Gateway, SessionDetail } from '../gateway/gateway.ts'
import { sessionsListedMax } from './control-protocol.ts'
import type {
  ControlRequest,
  ControlResponse,
  EventsRequest,
  Question,
  SessionsReport,
  SessionsRequest,
  SessionView,
  StatusReport,
} from './control-protocol.ts'
import type { LogLosses } from './daemon-log.ts'
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
}

/** Answers one request; changes nothing. */
export async function answerRequest(
  sources: AnswerSources,
  request: Exclude<ControlRequest, EventsRequest>,
): Promise<ControlResponse> {
  if (request.request !== 'status') return sources.plane.ask(request)
  return { ok: true, result: statusOf(sources, await sources.plane.report()) }
}

/** What can be asked of one engine and its gateway. */
export interface QuestionSources {
  readonly engine: Engine
  readonly gateway: Pick<Gateway, 'detail'>
  readonly clock: Clock
}

/** Answers what one engine and its gateway can answer. */
export function answerQuestion(
  sources: QuestionSources,
  question: Question,
): ControlResponse | Promise<ControlResponse> {
  const { engine } = sources
  switch (question.request) {
    case 'sessions':
      return { ok: true, result: sessionsOf(sources, question) }
    case 'budgets': {
      const { revision, budgets } = engine.snapshot()
      return { ok: true, result: { revision, budgets } }
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

function sessionsOf(sources: QuestionSources, request: SessionsRequest): SessionsReport {
  const { engine } = sources
  const block = request.from === undefined ? undefined : parseBlock(request.from)?.block
  const sessions: SessionView[] = []
  let matchingCount = 0
  // The engine keeps them in the order they were opened.
  for (const session of engine.sessions()) {
    if (block !== undefined && !blockContains(block, session.address)) continue
    const detail = sources.gateway.detail(session.id)
    if (request.user !== undefined && detail?.login !== request.user) continue
    matchingCount += 1
    if (sessions.length >= Math.min(request.limit, sessionsListedMax)) continue
    sessions.push(viewOf(session, detail, sources.clock.monotonicMs()))
  }
  const { sessionsActive } = engine.totals()
  return { sessionsActive, matchingCount, sessions }
}

// As in the log: the longest key that is counted as it stands (SEMANTICS S15).
const loginLengthMax = 255

function viewOf(
  session: EngineSession,
  detail: SessionDetail | undefined,
  nowMs: number,
): SessionView {
  const { login, silentMs = 0, ...more } = detail ?? {}
  return {
    id: session.id,
    listen: session.listenId,
    client: session.address.text,
    ageMs: Math.round(nowMs - session.openedMs),
    isAwaitingAddress: session.isAwaitingAddress,
    ...(login === undefined ? {} : { login: escapeText(login, loginLengthMax) }),
    ...(detail === undefined ? {} : { ...more, silentMs: Math.round(silentMs) }),
  }
}
