// The screen of `postern top`, from what the daemon said and what is looked at. Nothing but text.

import type { FilledBudget, LimitView } from '../../daemon/control-protocol.ts'
import { escapeText } from '../../base/escape.ts'
import { placeText } from '../option-text.ts'
import { parseWho } from '../session-filter.ts'
import { sessionHeadings, sessionRow } from '../session-table.ts'
import { deciderText, findingNotes } from '../shown-refusal.ts'
import { meter } from './meter.ts'
import { tableLines } from './screen-line.ts'
import type { Line, Piece } from './screen-line.ts'
import type { TopData } from './top-data.ts'
import { views } from './top-state.ts'
import type { Row, TopState } from './top-state.ts'

export interface Size {
  readonly rows: number
  readonly columns: number
}

/** Lines of one view: a heading, and per row one line, of which the selected one may unfold. */
interface Body {
  readonly heading: string
  readonly rows: readonly BodyRow[]
  /** What stands there when there are no rows. */
  readonly empty: string
}

interface BodyRow {
  readonly row: Row
  readonly text: string
  readonly style?: Piece['style']
  readonly unfolded?: readonly string[]
}

export interface Screen {
  readonly lines: readonly Line[]
  /** What the lines of the view stand for; keys act on these. */
  readonly rows: readonly Row[]
}

/** A key value of 255 bytes would leave no room for its numbers. */
const keyLengthMax = 80
/** Lines that are no rows: two above, the heading, one below. */
const frameLines = 4

export function screenOf(data: TopData, state: TopState, size: Size, cwd: string): Screen {
  const body = bodyOf(data, state, cwd)
  const rows = body.rows.map(({ row }) => row)
  const room = Math.max(1, size.rows - frameLines)
  const shown = state.isHelp ? helpLines : bodyLines(body, state.selected, room)
  const filled = [...shown, ...Array.from({ length: room }, (): Line => [])].slice(0, room)
  const heading: Line = [{ text: state.isHelp ? 'Keys' : body.heading, style: 'dim' }]
  return { lines: [headLine(data), tabLine(state), heading, ...filled, footLine(state)], rows }
}

function headLine({ status, rates }: TopData): Line {
  const { sessionsActive, revision, uptimeMs, isDraining, audit, changedLimits } = status
  const drift = audit?.drift ?? 0
  const perSecond =
    rates === undefined
      ? ''
      : `   ${rate(rates.admittedPerSecond)} admitted/s   ${rate(rates.refusedPerSecond)} refused/s`
  return [
    { text: `postern ${status.version}`, style: 'bold' },
    { text: `   ${sessionsActive} sessions${perSecond}   revision ${revision}` },
    { text: `   up ${durationText(uptimeMs)}` },
    ...(isDraining ? [{ text: '   draining', style: 'yellow' } as const] : []),
    ...(changedLimits.length === 0
      ? []
      : [{ text: `   ${changedLimits.length} caps changed`, style: 'yellow' } as const]),
    ...(drift === 0 ? [] : [{ text: `   drift ${drift}`, style: 'red' } as const]),
  ]
}

function tabLine({ view, filter, limitId, isPaused, sort }: TopState): Line {
  const tabs = views.flatMap((name, at): Piece[] => [
    { text: ` ${at + 1} ${name} `, ...(name === view ? { style: 'inverse' } : {}) },
    { text: ' ' },
  ])
  const notes = [
    ...(view === 'limits' || view === 'keys' ? [`by ${sort}`] : []),
    ...(filter === '' ? [] : [`filter ${filter}`]),
    ...(limitId === undefined ? [] : [`of ${limitId}`]),
    ...(isPaused ? ['paused'] : []),
  ]
  return [...tabs, { text: notes.map((note) => `  ${note}`).join('') }]
}

function footLine({ asksToKick, draft, message }: TopState): Line {
  if (asksToKick !== undefined) return [{ text: `End ${asksToKick.what}? [y/N]`, style: 'red' }]
  if (draft !== undefined) return [{ text: `/${draft}` }, { text: ' ', style: 'inverse' }]
  if (message !== undefined) return [{ text: message, style: 'yellow' }]
  return [{ text: 'q quit   tab view   / filter   enter sessions   x end   ? keys', style: 'dim' }]
}

const helpLines: readonly Line[] = [
  '1 2 3 4, tab   limits, keys, sessions, refusals',
  'up, down       select a row; j and k, page up and page down, too',
  'enter          the sessions that hold slots of the selected limit or key',
  '/              filter: a user, an address or block, *NUMBER, or a part of a limit or key',
  'escape         no filter',
  's              limits and keys by fill, or by sessions',
  'x              end the selected session, after a question',
  'p, blank       pause',
  'q              quit',
  '',
  'A meter shows what is used (#), and the most it ever was (:).',
].map((text) => [{ text }])

function bodyLines({ rows, empty }: Body, selected: number, room: number): readonly Line[] {
  if (rows.length === 0) return [[{ text: empty, style: 'dim' }]]
  const unfoldedCount = rows[selected]?.unfolded?.length ?? 0
  const first = Math.max(0, selected + unfoldedCount + 1 - room)
  return rows.slice(first, first + room).flatMap((line, at): Line[] => {
    if (first + at !== selected) return [[pieceOf(line)]]
    const unfolded = line.unfolded ?? []
    return [[{ text: line.text, style: 'inverse' }], ...unfolded.map((text) => [{ text }])]
  })
}

function pieceOf({ text, style }: BodyRow): Piece {
  return style === undefined ? { text } : { text, style }
}

function bodyOf(data: TopData, state: TopState, cwd: string): Body {
  switch (state.view) {
    case 'limits':
      return limitsBody(data, state, cwd)
    case 'keys':
      return keysBody(data, state)
    case 'sessions':
      return sessionsBody(data, state)
    case 'refusals':
      return refusalsBody(data, cwd)
  }
}

function limitsBody({ limits, rates }: TopData, state: TopState, cwd: string): Body {
  const shown = limits.limits
    .filter((limit) => has(state.filter, limit.id, limit.scope, limit.zone))
    .toSorted((a, b) => rankOf(b, state.sort) - rankOf(a, state.sort))
  const headings = ['FILL', 'USED', 'CAP', 'HIGH', 'REFUSED', '/S', 'LIMIT', 'WHERE']
  const cells = shown.map((limit) => [
    meter(limit.usedCount, limit.capMax, limit.highWaterCount),
    `${limit.usedCount}`,
    limit.capMax === undefined ? '-' : `${limit.capMax}`,
    `${limit.highWaterCount}`,
    `${limit.refusedTotal}`,
    rate(rates?.refusedByLimit.get(limit.id) ?? 0),
    nameOf(limit),
    placeText(limit.origin, cwd),
  ])
  const [heading = '', ...texts] = tableLines([headings, ...cells], (at) => at >= 1 && at <= 5)
  const rows = shown.map((limit, at): BodyRow => {
    const row: Row = { kind: 'limit', id: limit.id }
    return { row, text: texts[at] ?? '', ...styleOf(fillOf(limit)) }
  })
  return { heading, rows, empty: 'no limit is written down' }
}

function nameOf({ option, scope, zone, key, isDryRun, isChanged, configuredMax }: LimitView) {
  const counted = key === undefined ? '' : ` ${key}`
  const name =
    option === 'limit_conn' ? `${option} ${zone}${counted} in ${scope}` : `${option} ${scope}`
  const changed = isChanged ? ` (changed, written: ${configuredMax ?? 'no limit'})` : ''
  return `${name}${isDryRun ? ' (dry run)' : ''}${changed}`
}

function fillOf({ usedCount, capMax }: LimitView): number {
  return capMax === undefined ? 0 : usedCount / capMax
}

function rankOf(limit: LimitView, sort: TopState['sort']): number {
  return sort === 'fill' ? fillOf(limit) : limit.usedCount
}

/** Over four fifths is where an operator begins to look. */
function styleOf(fill: number): Pick<BodyRow, 'style'> {
  if (fill >= 1) return { style: 'red' }
  return fill >= 0.8 ? { style: 'yellow' } : {}
}

function keysBody({ budgets }: TopData, state: TopState): Body {
  const shown = budgets.budgets.filter(({ key, zone }) => has(state.filter, key, zone))
  const cells = shown.map((budget) => [
    meter(budget.usedCount, budget.capMax, budget.usedCount),
    `${budget.usedCount}`,
    budget.capMax === undefined ? '-' : `${budget.capMax}`,
    escapeText(budget.key, keyLengthMax),
    budget.zone,
  ])
  const headings = ['FILL', 'USED', 'CAP', 'KEY', 'ZONE']
  const [heading = '', ...texts] = tableLines([headings, ...cells], (at) => at === 1 || at === 2)
  const rows = shown.map((budget: FilledBudget, at): BodyRow => {
    const row: Row = { kind: 'key', limitIds: budget.limitIds }
    return { row, text: texts[at] ?? '', ...styleOf(budget.fill ?? 0) }
  })
  return { heading, rows, empty: 'nothing is counted' }
}

function sessionsBody({ sessions }: TopData, { filter }: TopState): Body {
  const who = filter === '' ? undefined : parseWho(filter)
  const shown = sessions.sessions.filter(({ id }) => who?.kind !== 'ids' || who.ids.includes(id))
  const cells = shown.map(sessionRow)
  const [heading = '', ...texts] = tableLines([sessionHeadings, ...cells], () => false)
  const rows = shown.map(({ id, client, login }, at): BodyRow => {
    const what = `session *${id} from ${client}${login === undefined ? '' : `, login "${login}"`}`
    return { row: { kind: 'session', id, what }, text: texts[at] ?? '' }
  })
  const moreCount = sessions.matchingCount - sessions.sessions.length
  const more = moreCount > 0 ? `   and ${moreCount} younger ones` : ''
  return { heading: heading + more, rows, empty: 'no session' }
}

function refusalsBody({ refusals }: TopData, cwd: string): Body {
  const cells = refusals.refusals.map(({ at, client, login, listen, findings, decidedBy }) => {
    const decider = findings[decidedBy]
    const why = decider === undefined ? '' : deciderText(decider, cwd)
    return [at.slice(11, 19), client, login ?? '', listen, why]
  })
  const headings = ['AT (UTC)', 'CLIENT', 'USER', 'LISTEN', 'WHY']
  const [heading = '', ...texts] = tableLines([headings, ...cells], () => false)
  const rows = refusals.refusals.map(({ findings, decidedBy }, at): BodyRow => {
    const unfolded = findings.map(
      (finding, index) =>
        `      ${deciderText(finding, cwd)}${findingNotes(finding, index === decidedBy)}`,
    )
    return { row: { kind: 'refusal' }, text: texts[at] ?? '', unfolded }
  })
  return { heading, rows, empty: 'nobody was turned away' }
}

function has(filter: string, ...texts: readonly string[]): boolean {
  const wanted = filter.toLowerCase()
  return texts.some((text) => text.toLowerCase().includes(wanted))
}

function rate(perSecond: number): string {
  return perSecond === 0 ? '0' : perSecond.toFixed(1)
}

function durationText(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return `${Math.floor(hours / 24)} d`
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`
}
