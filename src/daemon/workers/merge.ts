// One answer from those of many workers.

import type { Tally } from '../../base/tally.ts'
import type { AuditReport } from '../../engine/audit.ts'
import { addLimitCounts, noLimitCount } from '../../engine/limit-counts.ts'
import type { LimitCounts } from '../../engine/limit-counts.ts'
import type { ServiceCounts, UpstreamHealth } from '../../gateway/gateway.ts'
import { addMeters, GatewayMeters } from '../../gateway/meters.ts'
import type { ServiceName } from '../../policy/policy.ts'
import { compareRefusals } from '../answer-refusals.ts'
import type {
  ControlResponse,
  ControlResults,
  KickReport,
  LimitsReport,
  RefusalsReport,
  SessionsReport,
  SessionsRequest,
  SessionView,
} from '../control-protocol.ts'
import type { PlaneReport, WorkersReport } from '../plane.ts'
import type { WorkerReport } from './messages.ts'

export interface HostFacts {
  readonly revision: number
  readonly workers: WorkersReport
  /** What was done in the places that nobody has now; no total falls when a worker dies. */
  readonly absent: readonly Tally[]
  /** Of every place. */
  readonly meters: readonly GatewayMeters[]
}

/** Sums of what each worker has; what is bound is the same for all. */
export function mergeReports(
  reports: readonly WorkerReport[],
  { absent, meters, ...facts }: HostFacts,
): PlaneReport {
  const sum = (valueOf: (report: WorkerReport) => number): number =>
    reports.reduce((total, report) => total + valueOf(report), 0)
  const past = (valueOf: (tally: Tally) => number): number =>
    absent.reduce((total, tally) => total + valueOf(tally), 0)
  const clusters = reports.flatMap(({ cluster = [] }) => cluster)
  const audits = reports.flatMap(({ audit }) => (audit === undefined ? [] : [audit]))
  return {
    ...facts,
    totals: {
      sessionsActive: sum(({ totals }) => totals.sessionsActive),
      admittedTotal:
        sum(({ totals }) => totals.admittedTotal) + past((tally) => tally.admittedTotal),
      refusedTotal: sum(({ totals }) => totals.refusedTotal) + past((tally) => tally.refusedTotal),
    },
    stats: {
      sessionsActive: sum(({ stats }) => stats.sessionsActive),
      refusalsLingering: sum(({ stats }) => stats.refusalsLingering),
      bytesFromClients:
        sum(({ stats }) => stats.bytesFromClients) + past((tally) => tally.bytesFromClients),
      bytesFromUpstreams:
        sum(({ stats }) => stats.bytesFromUpstreams) + past((tally) => tally.bytesFromUpstreams),
    },
    bound: reports[0]?.bound ?? [],
    sessionsByService: mergeServices(reports.map(({ sessionsByService }) => sessionsByService)),
    upstreams: mergeUpstreams(reports.flatMap(({ upstreams }) => upstreams)),
    measured: meters.map((one) => one.values()).reduce(addMeters, new GatewayMeters().values()),
    log: {
      suppressedTotal: sum(({ log }) => log.suppressedTotal),
      droppedTotal: sum(({ log }) => log.droppedTotal),
      errorsTotal: sum(({ log }) => log.errorsTotal),
    },
    ...(audits.length === 0 ? {} : { audit: mergeAudits(audits) }),
    ...(clusters.length === 0 ? {} : { cluster: clusters }),
  }
}

function mergeServices(parts: readonly ServiceCounts[]): ServiceCounts {
  const sums: Partial<Record<ServiceName, number>> = {}
  for (const part of parts) {
    for (const [name, count] of Object.entries(part)) {
      const service = name as ServiceName // keys of ServiceCounts
      sums[service] = (sums[service] ?? 0) + count
    }
  }
  return sums
}

/** Down when any worker found it so: they learn of it one by one. */
function mergeUpstreams(found: readonly UpstreamHealth[]): readonly UpstreamHealth[] {
  const up = new Map<string, boolean>()
  for (const { upstream, isUp } of found) up.set(upstream, (up.get(upstream) ?? true) && isUp)
  return Array.from(up, ([upstream, isUp]) => ({ upstream, isUp }))
}

function mergeAudits(audits: readonly AuditReport[]): AuditReport {
  return {
    drift: audits.reduce((total, { drift }) => total + drift, 0),
    leakedIds: audits.flatMap(({ leakedIds }) => leakedIds),
    unknownIds: audits.flatMap(({ unknownIds }) => unknownIds),
  }
}

/** The oldest of all, or those with the lowest numbers; at most as many as were asked for. */
export function mergeSessions(
  answers: readonly ControlResponse[],
  { limit, afterId }: Pick<SessionsRequest, 'limit' | 'afterId'>,
): ControlResponse {
  const reports = resultsOf('sessions', answers)
  const byAge = (a: SessionView, b: SessionView): number => b.ageMs - a.ageMs || a.id - b.id
  const byId = (a: SessionView, b: SessionView): number => a.id - b.id
  const sessions = reports
    .flatMap((report) => report.sessions)
    .toSorted(afterId === undefined ? byAge : byId)
    .slice(0, limit)
  const sessionsActive = reports.reduce((total, report) => total + report.sessionsActive, 0)
  const matchingCount = reports.reduce((total, report) => total + report.matchingCount, 0)
  const result: SessionsReport = { sessionsActive, matchingCount, sessions }
  return { ok: true, result }
}

/** The latest of all. */
export function mergeRefusals(answers: readonly ControlResponse[], limit: number): ControlResponse {
  const reports = resultsOf('refusals', answers)
  const refusals = reports
    .flatMap((report) => report.refusals)
    .toSorted(compareRefusals)
    .slice(0, limit)
  const matchingCount = reports.reduce((total, report) => total + report.matchingCount, 0)
  const result: RefusalsReport = { matchingCount, refusals }
  return { ok: true, result }
}

export function mergeKicks(answers: readonly ControlResponse[]): ControlResponse {
  const kickedIds = resultsOf('kick', answers).flatMap((report) => report.kickedIds)
  const result: KickReport = { matchingCount: kickedIds.length, kickedIds }
  return { ok: true, result }
}

/** What one worker says of the limits, with what was counted in every place. */
export function addCounts(
  answer: ControlResponse,
  counts: readonly Pick<LimitCounts, 'countOf'>[],
): ControlResponse {
  const [report] = resultsOf('limits', [answer])
  if (report === undefined) return answer
  const limits = report.limits.map((limit) => {
    const sum = counts.map((one) => one.countOf(limit.id)).reduce(addLimitCounts, noLimitCount)
    return { ...limit, ...sum }
  })
  const result: LimitsReport = { ...report, limits }
  return { ok: true, result }
}

/** What a request was answered with, by those who could. */
function resultsOf<K extends keyof ControlResults>(
  _request: K,
  answers: readonly ControlResponse[],
): readonly ControlResults[K][] {
  // Checked by the protocol.
  return answers.flatMap((answer) => (answer.ok ? [answer.result as ControlResults[K]] : []))
}
