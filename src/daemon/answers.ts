// What the daemon answers to the questions that come over its control socket.

import { blockContains, parseBlock } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import { escapeText } from '../base/escape.ts'
import type { AuditReport } from '../engine/audit.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineSession } from '../engine/session.ts'
import type { Gateway, SessionDetail } from '../gateway/gateway.ts'
import { sessionsListedMax } from './control-protocol.ts'
import type {
  ControlRequest,
  ControlResponse,
  SessionsReport,
  SessionsRequest,
  SessionView,
  StatusReport,
} from './control-protocol.ts'
import type { LogLosses } from './daemon-log.ts'
import { explainSession } from './explain-report.ts'
import { unreachable } from '../base/assert.ts'

/** What the answers are made from. */
export interface AnswerSources {
  readonly engine: Engine
  readonly gateway: Pick<Gateway, 'stats' | 'bound' | 'detail'>
  readonly clock: Clock
  readonly version: string
  readonly configuration: string
  readonly startedMs: number
  readonly startedAt: string
  readonly logLosses: () => LogLosses
  readonly isDraining: () => boolean
  readonly lastAudit: () => AuditReport | undefined
}

/** Answers one request; changes nothing. */
export function answerRequest(sources: AnswerSources, request: ControlRequest): ControlResponse {
  switch (request.request) {
    case 'status':
      return { ok: true, result: statusOf(sources) }
    case 'sessions':
      return { ok: true, result: sessionsOf(sources, request) }
    case 'budgets': {
      const { revision, budgets } = sources.engine.snapshot()
      return { ok: true, result: { revision, budgets } }
    }
    case 'explain': {
      const { listen, from } = request
      const explained = explainSession(sources.engine, { listen, from })
      if ('problem' in explained) return { ok: false, problem: explained.problem }
      return { ok: true, result: explained.report }
    }
    default:
      return unreachable(request)
  }
}

function statusOf(sources: AnswerSources): StatusReport {
  const { engine, gateway, clock } = sources
  const { revision, sessionsActive, admittedTotal, refusedTotal } = engine.snapshot()
  const { refusalsLingering, bytesFromClients, bytesFromUpstreams } = gateway.stats()
  const audit = sources.lastAudit()
  return {
    version: sources.version,
    pid: process.pid,
    configuration: sources.configuration,
    startedAt: sources.startedAt,
    uptimeMs: Math.round(clock.monotonicMs() - sources.startedMs),
    isDraining: sources.isDraining(),
    revision,
    sessionsActive,
    admittedTotal,
    refusedTotal,
    refusalsLingering,
    bytesFromClients,
    bytesFromUpstreams,
    bound: gateway.bound().map((bound) => bound.listenId),
    log: sources.logLosses(),
    ...(audit === undefined ? {} : { audit }),
  }
}

function sessionsOf(sources: AnswerSources, request: SessionsRequest): SessionsReport {
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
  const { sessionsActive } = engine.snapshot()
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
