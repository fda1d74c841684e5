// The result of a replay as a table for a terminal.

import { escapeText } from '../base/escape.ts'
import type { Span } from '../base/diagnostic.ts'
import type { ReplayReport, ReportedLimit } from '../replay/report.ts'
import { columns, paint } from './terminal.ts'

export interface ReplayTextOptions {
  /** Limits without a cap, too. */
  readonly isAll: boolean
  readonly isColor: boolean
}

export function replayText(report: ReplayReport, options: ReplayTextOptions): string {
  return [
    summary(report),
    limitsTable(report, options),
    refusedText(report),
    adviceText(report, options),
    notesText(report, options),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function summary({ trace, policy, totals, assumption }: ReplayReport): string {
  const { refusedInRecord, refused, refusedInBoth, newlyRefused, newlyAdmitted } = totals
  const files = trace.files.length === 1 ? trace.files[0] : `${trace.files.length} files`
  const span = durationText(trace.endMs - trace.startMs)
  return columns([
    ['trace', `${files}, ${dateText(trace.startMs)} to ${dateText(trace.endMs)}, ${span}`],
    [
      '',
      `${trace.events} events, ${trace.sessions} sessions admitted, ${trace.logins} logins, ${trace.openAtStart} open at the start`,
    ],
    ['policy', policy.file],
    ['refused', `${refusedInRecord} in the record, ${refused} in the replay`],
    [
      '',
      `${refusedInBoth} in both, ${newlyRefused} only in the replay, ${newlyAdmitted} only in the record`,
    ],
    ...assumptionRows(assumption),
  ])
}

function assumptionRows(assumption: ReplayReport['assumption']): string[][] {
  const { kind, lengthMs, sessions, retries } = assumption
  if (sessions === 0 && retries === 0) return []
  const lengths = Object.entries(lengthMs).map(([listen, ms]) => `${durationText(ms)} on ${listen}`)
  const source = kind === 'median' ? 'the median of those admitted' : 'as --length says'
  const rows = [
    [
      'assumed',
      `${sessions} sessions that the record refused last ${lengths.join(', ')}: ${source}`,
    ],
  ]
  if (retries > 0) rows.push(['', `${retries} refused connections are retries, and left out`])
  return rows
}

const headings = ['LIMIT', 'CAP', 'PEAK', 'AT', 'AT CAP', 'REFUSED', 'RECORD', 'WRITTEN']

function limitsTable({ limits }: ReplayReport, { isAll }: ReplayTextOptions): string {
  const shown = limits.filter(({ cap, recorded }) => isAll || cap !== undefined || recorded > 0)
  if (shown.length === 0) return 'no session met a limit with a cap\n'
  return columns([headings, ...shown.map(rowOf)])
}

function rowOf(limit: ReportedLimit): string[] {
  const { cap, peak, peakAtMs, atCapMs, refused, recorded, overInDryRun, isDryRun, origin } = limit
  return [
    `${limit.limit}${isDryRun ? ', dry run' : ''}`,
    cap === undefined ? 'none' : String(cap),
    `${peak}${limit.dependsOnAssumption ? '*' : ''}`,
    timeText(peakAtMs),
    atCapMs === 0 ? '-' : durationText(atCapMs),
    isDryRun ? `(${overInDryRun})` : String(refused),
    String(recorded),
    spanText(origin),
  ]
}

/** Who would have been refused, and when. */
function refusedText({ limits, recordedElsewhere }: ReplayReport): string {
  const lines = limits
    .filter(({ refused }) => refused > 0)
    .flatMap((limit) => [
      `${limit.limit} refuses ${limit.refused}, ${limit.refusedInRecord} of them refused in the record, too,`,
      `  from ${dateText(limit.firstRefusedMs ?? 0)} to ${dateText(limit.lastRefusedMs ?? 0)}`,
      `  clients: ${namesText(limit.clients, limit.clientCount)}`,
      ...(limit.users.length === 0 ? [] : [`  users: ${namesText(limit.users)}`]),
      ...(limit.refusedByAssumption === 0
        ? []
        : [`  ${limit.refusedByAssumption} of them depend on what is assumed`]),
      ...(limit.exhausted === 0
        ? []
        : [`  ${limit.exhausted} of them since the zone is exhausted`]),
    ])
  const elsewhere = recordedElsewhere.map(
    ({ limit, refused }) => `${limit} refused ${refused} in the record; no session met it here`,
  )
  return [...lines, ...elsewhere].map((line) => `${line}\n`).join('')
}

/** Names of a trace come from the network. */
const nameLength = 60

function namesText(names: ReportedLimit['clients'], total = names.length): string {
  const listed = names.map(([name, count]) => `${escapeText(name, nameLength)} (${count})`)
  const more = total > names.length ? [`${total - names.length} more`] : []
  return [...listed, ...more].join(', ')
}

function adviceText(
  { advice, totals, limits }: ReplayReport,
  { isColor }: ReplayTextOptions,
): string {
  if (advice.length === 0) {
    const isAny = limits.some(({ cap }) => cap !== undefined)
    if (!isAny || totals.refused > 0) return ''
    return 'Advice: nobody is refused, and every cap has head-room.\n'
  }
  const rows = advice.map(({ limit, cap, demandPeak, suggestedCap, dependsOnAssumption }) => [
    `  ${limit}`,
    `${cap ?? 'none'} -> ${suggestedCap}`,
    `at most ${demandPeak} at once${dependsOnAssumption ? '*' : ''}`,
  ])
  const title = paint(
    isColor,
    'bold',
    'Advice: caps that would have refused nobody, with head-room',
  )
  return `${title}\n${columns(rows)}`
}

function notesText(report: ReplayReport, { isColor }: ReplayTextOptions): string {
  const hasStar =
    report.limits.some(({ dependsOnAssumption }) => dependsOnAssumption) ||
    report.advice.some(({ dependsOnAssumption }) => dependsOnAssumption)
  const star = hasStar ? ['* counts sessions whose length is assumed\n'] : []
  const notes = report.notes.map(({ severity, text }) => {
    const word = paint(isColor, severity === 'warning' ? 'yellow' : 'dim', severity)
    return `${word}: ${text}\n`
  })
  return [...star, ...notes].join('')
}

function spanText(span: Span | undefined): string {
  return span === undefined ? '' : `${span.file}:${span.line}`
}

function dateText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}

export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}
