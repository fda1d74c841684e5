// What a replay came to, as plain data: the command line prints it as a table, as JSON and as a page.

import type { Span } from '../base/diagnostic.ts'
import type { Policy } from '../policy/policy.ts'
import { advise } from './advice.ts'
import type { Advice } from './advice.ts'
import { identityKey, labelOf } from './limit-row.ts'
import type { LimitRow } from './limit-row.ts'
import type { Group } from './meters.ts'
import { notesOf } from './notes.ts'
import type { Note } from './notes.ts'
import type { ReplayRefusal } from './replay.ts'
import type { ReplayRun } from './run-replay.ts'
import type { TraceLimit } from './trace.ts'

export const reportVersion = 1

export interface ReportedRefusal {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly session: number
  readonly listen: string
  readonly client: string
  readonly user?: string
  readonly limit: string
  readonly used: number
  /** The limit that refused it in the record; absent: it was admitted there. */
  readonly recorded?: string
}

export interface Plot {
  readonly spanMs: number
  readonly used: readonly number[]
  /** With nobody refused. */
  readonly demand: readonly number[]
  readonly refused: readonly number[]
}

export interface ReportedLimit {
  readonly limit: string
  readonly stage: 'connect' | 'authenticated'
  readonly tier: 'block' | 'shared' | 'keyed'
  readonly cap?: number
  readonly isDryRun: boolean
  readonly origin?: Span
  readonly peak: number
  readonly peakAtMs: number
  /** Of a limit with many key values: whose peak it is. */
  readonly peakKey?: string
  readonly atCapMs: number
  readonly refused: number
  /** Of these, the record shows so many refused, too. */
  readonly refusedInRecord: number
  /** Of these, so many were decided while sessions of assumed length held slots. */
  readonly refusedByAssumption: number
  readonly exhausted: number
  readonly overInDryRun: number
  /** By the limit of the same name in the record, whatever its cap was. */
  readonly recorded: number
  readonly firstRefusedMs?: number
  readonly lastRefusedMs?: number
  readonly clients: readonly (readonly [client: string, count: number])[]
  readonly users: readonly (readonly [user: string, count: number])[]
  readonly clientCount: number
  readonly dependsOnAssumption: boolean
  readonly demandPeak: number
  readonly demandPeakAtMs: number
  readonly demandPeakKey?: string
  readonly plot: Plot
}

export interface ReplayReport {
  readonly version: typeof reportVersion
  readonly trace: {
    readonly files: readonly string[]
    readonly source: string
    readonly startMs: number
    readonly endMs: number
    readonly events: number
    readonly openAtStart: number
    readonly sessions: number
    readonly logins: number
    readonly lost: number
  }
  readonly policy: { readonly file: string; readonly dialect: Policy['dialect'] }
  readonly assumption: {
    readonly kind: 'median' | 'given'
    readonly lengthMs: Readonly<Record<string, number>>
    readonly sessions: number
    readonly retryMs: number
    readonly retries: number
  }
  readonly totals: {
    readonly refusedInRecord: number
    readonly refused: number
    readonly refusedInBoth: number
    readonly newlyRefused: number
    readonly newlyAdmitted: number
  }
  readonly limits: readonly ReportedLimit[]
  /** Limits that refused in the record and that no session met in the replay. */
  readonly recordedElsewhere: readonly { readonly limit: string; readonly refused: number }[]
  readonly advice: readonly Advice[]
  readonly notes: readonly Note[]
  /** The first ones; `totals` has how many there are. */
  readonly refusals: readonly ReportedRefusal[]
}

/** Kept for the report: a screenful for eyes, and enough to look into for a program. */
export const refusalsKept = 1000
const namesShown = 5

export interface ReportRequest {
  readonly run: ReplayRun
  readonly policy: Policy
  readonly policyFile: string
  readonly isLengthGiven: boolean
  readonly retryMs: number
  readonly headroomPercent: number
  readonly refusals: readonly ReplayRefusal[]
}

export function reportOf(request: ReportRequest): ReplayReport {
  const { run, policy, policyFile, refusals } = request
  const { replay, files, assumedMs } = run
  const { tallies, startMs, endMs } = replay
  const rows = replay.meters.rows()
  const recorded = new Map(tallies.recorded)
  const limits = rows.map(({ row, group }) => {
    const key = identityKey(row.limit)
    row.recordedCount = recorded.get(key)?.count ?? 0
    recorded.delete(key)
    return limitOf(row, group, { startMs, endMs })
  })
  const { recordedRefusedCount, refusedCount, refusedInBothCount, retryCount } = tallies
  return {
    version: reportVersion,
    trace: {
      files: files.map(({ path }) => path),
      source: files[0]?.header.source ?? 'postern',
      startMs,
      endMs: startMs + endMs,
      events: tallies.eventCount,
      openAtStart: tallies.openAtStartCount,
      sessions: tallies.sessionCount,
      logins: tallies.loginCount,
      lost: tallies.lostCount,
    },
    policy: { file: policyFile, dialect: policy.dialect },
    assumption: {
      kind: request.isLengthGiven ? 'given' : 'median',
      lengthMs: Object.fromEntries(assumedMs),
      sessions: tallies.assumedCount,
      retryMs: request.retryMs,
      retries: retryCount,
    },
    totals: {
      refusedInRecord: recordedRefusedCount,
      refused: refusedCount,
      refusedInBoth: refusedInBothCount,
      newlyRefused: refusedCount - refusedInBothCount,
      newlyAdmitted: tallies.assumedCount,
    },
    limits: limits.toSorted(byInterest),
    recordedElsewhere: Array.from(recorded.values(), ({ limit, count }) => ({
      limit: labelOf(limit),
      refused: count,
    })),
    advice: advise(limits, request.headroomPercent),
    notes: notesOf({ run, policy }),
    refusals: refusals.map((refusal) => refusalOf(refusal, startMs)),
  }
}

/** What refuses stands first, then what has a cap, then what only counts. */
function byInterest(a: ReportedLimit, b: ReportedLimit): number {
  const rank = ({ refused, cap, recorded }: ReportedLimit): number =>
    refused > 0 || recorded > 0 ? 0 : cap === undefined ? 2 : 1
  return rank(a) - rank(b)
}

function limitOf(
  row: LimitRow,
  group: Group,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): ReportedLimit {
  const { used, demand } = group
  const isKeyed = row.limit.tier === 'keyed'
  const { firstRefusedMs, lastRefusedMs, origin, cap } = row
  return {
    limit: labelOf(row.limit),
    stage: row.limit.stage,
    tier: row.limit.tier,
    ...(cap === undefined ? {} : { cap }),
    isDryRun: row.isDryRun,
    ...(origin === undefined ? {} : { origin }),
    peak: used.peak,
    peakAtMs: startMs + used.peakAtMs,
    ...(isKeyed ? { peakKey: used.peakKey } : {}),
    atCapMs: row.totalAtCapMs(endMs),
    refused: row.refusedCount,
    refusedInRecord: row.refusedBeforeCount,
    refusedByAssumption: row.refusedByAssumptionCount,
    exhausted: row.exhaustedCount,
    overInDryRun: row.dryRunCount,
    recorded: row.recordedCount,
    ...(firstRefusedMs === undefined ? {} : { firstRefusedMs: startMs + firstRefusedMs }),
    ...(lastRefusedMs === undefined ? {} : { lastRefusedMs: startMs + lastRefusedMs }),
    clients: row.clients.top(namesShown),
    users: row.users.top(namesShown),
    clientCount: row.clients.size,
    dependsOnAssumption: row.assumedCount > 0,
    demandPeak: demand.peak,
    demandPeakAtMs: startMs + demand.peakAtMs,
    ...(isKeyed ? { demandPeakKey: demand.peakKey } : {}),
    plot: {
      spanMs: used.series.read(endMs).spanMs,
      used: used.series.read(endMs).values,
      demand: demand.series.read(endMs).values,
      refused: row.refusals.read(endMs).values,
    },
  }
}

function refusalOf(refusal: ReplayRefusal, startMs: number): ReportedRefusal {
  const { atMs, id, listen, client, user, row, usedCount, recorded } = refusal
  return {
    atMs: startMs + atMs,
    session: id,
    listen,
    client,
    ...(user === undefined ? {} : { user }),
    limit: labelOf(row.limit),
    used: usedCount,
    ...(recorded === undefined ? {} : { recorded: labelOf(recorded satisfies TraceLimit) }),
  }
}
