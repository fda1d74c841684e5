// One answer from those of many workers.

import type { Tally } from '../../base/tally.ts'
import type { AuditReport } from '../../engine/audit.ts'
import type { ControlResponse, SessionsReport } from '../control-protocol.ts'
import type { PlaneReport, WorkersReport } from '../plane.ts'
import type { WorkerReport } from './messages.ts'

export interface HostFacts {
  readonly revision: number
  readonly workers: WorkersReport
  /** What was done in the places that nobody has now; no total falls when a worker dies. */
  readonly absent: readonly Tally[]
}

/** Sums of what each worker has; what is bound is the same for all. */
export function mergeReports(
  reports: readonly WorkerReport[],
  { absent, ...facts }: HostFacts,
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
    log: {
      suppressedTotal: sum(({ log }) => log.suppressedTotal),
      droppedTotal: sum(({ log }) => log.droppedTotal),
      errorsTotal: sum(({ log }) => log.errorsTotal),
    },
    ...(audits.length === 0 ? {} : { audit: mergeAudits(audits) }),
    ...(clusters.length === 0 ? {} : { cluster: clusters }),
  }
}

function mergeAudits(audits: readonly AuditReport[]): AuditReport {
  return {
    drift: audits.reduce((total, { drift }) => total + drift, 0),
    leakedIds: audits.flatMap(({ leakedIds }) => leakedIds),
    unknownIds: audits.flatMap(({ unknownIds }) => unknownIds),
  }
}

/** The oldest of all, at most `limit`. */
export function mergeSessions(answers: readonly ControlResponse[], limit: number): ControlResponse {
  const reports = answers.flatMap((answer) =>
    // Checked by the protocol: this is what `sessions` is answered with.
    answer.ok ? [answer.result as SessionsReport] : [],
  )
  const sessions = reports
    .flatMap((report) => report.sessions)
    .toSorted((a, b) => b.ageMs - a.ageMs || a.id - b.id)
    .slice(0, limit)
  const sessionsActive = reports.reduce((total, report) => total + report.sessionsActive, 0)
  const matchingCount = reports.reduce((total, report) => total + report.matchingCount, 0)
  const result: SessionsReport = { sessionsActive, matchingCount, sessions }
  return { ok: true, result }
}
