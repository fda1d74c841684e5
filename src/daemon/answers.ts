// What the daemon answers to the questions that come over its control socket.

import type { Clock } from '../base/clock.ts'
import type { AuditReport } from '../engine/audit.ts'
import type { Engine } from '../engine/engine.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { sessionsListedMax } from './control-protocol.ts'
import type {
  ControlRequest,
  ControlResponse,
  SessionsReport,
  SessionView,
  StatusReport,
} from './control-protocol.ts'
import type { LogLosses } from './daemon-log.ts'
import { explainSession } from './explain-report.ts'
import { unreachable } from '../base/assert.ts'

/** What the answers are made from. */
export interface AnswerSources {
  readonly engine: Engine
  readonly gateway: Pick<Gateway, 'stats' | 'bound'>
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
      return { ok: true, result: sessionsOf(sources, request.limit) }
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

function sessionsOf(sources: AnswerSources, limit: number): SessionsReport {
  const { engine, clock } = sources
  const nowMs = clock.monotonicMs()
  const sessions: SessionView[] = []
  // The engine keeps them in the order they were opened.
  for (const session of engine.sessions()) {
    if (sessions.length >= Math.min(limit, sessionsListedMax)) break
    sessions.push({
      id: session.id,
      listen: session.listenId,
      client: session.address.text,
      ageMs: Math.round(nowMs - session.openedMs),
      isAwaitingAddress: session.isAwaitingAddress,
    })
  }
  return { sessionsActive: engine.snapshot().sessionsActive, sessions }
}
