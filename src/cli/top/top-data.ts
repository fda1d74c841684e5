// What `postern top` shows: asked of the daemon once a second, and what changed since the last time.

import type {
  BudgetsReport,
  LimitsReport,
  RefusalsReport,
  SessionsReport,
  StatusReport,
} from '../../daemon/control-protocol.ts'
import type { Node } from '../node/node.ts'
import type { Asked } from './top-state.ts'

export interface TopData {
  readonly atMs: number
  readonly status: StatusReport
  readonly limits: LimitsReport
  /** The fullest ones. */
  readonly budgets: BudgetsReport
  readonly sessions: SessionsReport
  readonly refusals: RefusalsReport
  /** Absent: there was nothing to compare with. */
  readonly rates?: Rates
}

export interface Rates {
  readonly admittedPerSecond: number
  readonly refusedPerSecond: number
  /** By id of limit; those with none are left out. */
  readonly refusedByLimit: ReadonlyMap<string, number>
}

/** More than fit on any screen. */
const rowsAsked = 200

export async function askTop(
  node: Node,
  asked: Asked,
  before: TopData | undefined,
  nowMs: number,
): Promise<TopData> {
  const limit = rowsAsked
  // One after the other: the daemon answers each within a turn of its loop.
  const status = await node.ask({ request: 'status' })
  const limits = await node.ask({ request: 'limits' })
  const budgets = await node.ask({ request: 'budgets', sort: asked.sort, limit })
  const sessions = await node.ask({ request: 'sessions', limit, ...asked.sessions })
  const refusals = await node.ask({ request: 'refusals', limit, ...asked.refusals })
  const data = { atMs: nowMs, status, limits, budgets, sessions, refusals }
  return before === undefined ? data : { ...data, rates: ratesOf(before, data) }
}

/** Between two looks. A daemon that began anew in between counts from nothing. */
export function ratesOf(before: TopData, now: Omit<TopData, 'rates'>): Rates {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000)
  const perSecond = (was: number, is: number): number => Math.max(0, is - was) / seconds
  const last = new Map(before.limits.limits.map(({ id, refusedTotal }) => [id, refusedTotal]))
  const refusedByLimit = now.limits.limits.flatMap(({ id, refusedTotal }) => {
    const rate = perSecond(last.get(id) ?? refusedTotal, refusedTotal)
    return rate === 0 ? [] : [[id, rate] as const]
  })
  return {
    admittedPerSecond: perSecond(before.status.admittedTotal, now.status.admittedTotal),
    refusedPerSecond: perSecond(before.status.refusedTotal, now.status.refusedTotal),
    refusedByLimit: new Map(refusedByLimit),
  }
}
