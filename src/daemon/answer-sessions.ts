// Which sessions are open, of those that somebody asks for.

import { blockContains, parseBlock } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import { escapeText } from '../base/escape.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineSession } from '../engine/session.ts'
import type { Gateway, SessionDetail } from '../gateway/gateway.ts'
import { connectZone } from '../policy/fallback.ts'
import type { LimitRow } from '../policy/limit-table.ts'
import { sessionsListedMax } from './control-protocol.ts'
import type {
  SessionFilter,
  SessionsReport,
  SessionsRequest,
  SessionView,
} from './control-protocol.ts'
import { inSlices } from './slices.ts'

export interface SessionSources {
  readonly engine: Engine
  readonly gateway: Pick<Gateway, 'detail'>
  readonly clock: Clock
  readonly limits: readonly LimitRow[]
}

export async function sessionsOf(
  sources: SessionSources,
  request: SessionsRequest,
): Promise<SessionsReport> {
  const { engine, gateway, clock, limits } = sources
  const nowMs = clock.monotonicMs()
  const matches = matcherOf(limits, request, nowMs)
  const { afterId = 0 } = request
  const countMax = Math.min(request.limit, sessionsListedMax)
  const sessions: SessionView[] = []
  let matchingCount = 0
  // The engine keeps them in the order they were opened, which is that of their numbers.
  await inSlices(engine.sessions(), (session) => {
    const detail = gateway.detail(session.id)
    if (!matches(session, detail)) return
    matchingCount += 1
    if (session.id <= afterId || sessions.length >= countMax) return
    sessions.push(viewOf(session, detail, nowMs))
  })
  const { sessionsActive } = engine.totals()
  return { sessionsActive, matchingCount, sessions }
}

type Matcher = (session: EngineSession, detail: SessionDetail | undefined) => boolean

function matcherOf(limits: readonly LimitRow[], filter: SessionFilter, nowMs: number): Matcher {
  const { user, olderMs } = filter
  const block = filter.from === undefined ? undefined : parseBlock(filter.from)?.block
  const { limitId } = filter
  const row = limitId === undefined ? undefined : limits.find(({ id }) => id === limitId)
  if (limitId !== undefined && row === undefined) return () => false
  return (session, detail) => {
    if (block !== undefined && !blockContains(block, session.address)) return false
    if (olderMs !== undefined && nowMs - session.openedMs < olderMs) return false
    if (row !== undefined && !isSubject(session, row)) return false
    return user === undefined || detail?.login === user
  }
}

/** It holds a slot in a budget of the limit, and the limit is asked of its like. */
function isSubject({ slots, plan }: EngineSession, row: LimitRow): boolean {
  if (row.zone === connectZone) {
    return plan.limits.some(({ option, scope }) => option === row.option && scope === row.scope)
  }
  const isAsked = plan.keyedLimits.some(
    ({ zone, scope }) => zone === row.zone && scope === row.scope,
  )
  return isAsked && slots.some(({ zone }) => zone.name === row.zone)
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
