// A refusal for eyes, whether it was kept by the daemon or has just come with the events.

import type { FindingView, RefusalView } from '../daemon/control-protocol.ts'
import { escapeText } from '../base/escape.ts'
import type { EventView, FindingView as EventFinding, TextView } from '../engine/event-view.ts'
import { placeText } from './option-text.ts'
import { paint } from './terminal.ts'
import type { Terminal } from './terminal.ts'

export type ShownFinding = Omit<FindingView, 'limitId'>
export type ShownRefusal = Pick<
  RefusalView,
  'at' | 'atMs' | 'sessionId' | 'stage' | 'reason' | 'listen' | 'client' | 'decidedBy'
> & { readonly login?: string; readonly findings: readonly ShownFinding[] }

type RefusedEvent = Extract<EventView, { readonly event: 'refused' }>

/** As of logins in the log. */
const textLengthMax = 255

export function refusalOfEvent(event: RefusedEvent): ShownRefusal {
  const { atMs, session, stage, reason, listen, client, user, decidedBy } = event
  const findings = event.findings ?? [decidedBy]
  const isDecider = ({ scope, option, zone }: EventFinding): boolean =>
    scope === decidedBy.scope && option === decidedBy.option && zone === decidedBy.zone
  return {
    at: new Date(atMs).toISOString(),
    atMs,
    sessionId: session,
    stage,
    reason,
    listen,
    client,
    ...(user === undefined ? {} : { login: printable(user) }),
    findings: findings.map(findingOf),
    decidedBy: Math.max(0, findings.findIndex(isDecider)),
  }
}

/** The bytes of a text, for comparing. */
export function isText(view: TextView | undefined, text: string): boolean {
  if (view === undefined) return false
  const bytes = typeof view === 'string' ? Buffer.from(view) : Buffer.from(view.base64, 'base64')
  return bytes.equals(Buffer.from(text))
}

function printable(view: TextView): string {
  return escapeText(
    typeof view === 'string' ? view : Buffer.from(view.base64, 'base64'),
    textLengthMax,
  )
}

function findingOf(finding: EventFinding): ShownFinding {
  const { option, tier, zone, key, scope, cap, used, isOver, origin } = finding
  return {
    option,
    tier,
    zone,
    key: escapeText(key, textLengthMax),
    scope,
    usedCount: used,
    ...(cap === undefined ? {} : { capMax: cap }),
    isOver,
    isExhausted: finding.isExhausted === true,
    isDryRun: finding.isDryRun === true,
    ...(origin === undefined ? {} : { origin }),
  }
}

/** One line, and with `isWhole` one for each limit that was looked at. */
export function refusalText(refusal: ShownRefusal, terminal: Terminal, isWhole: boolean): string {
  const { findings, decidedBy, sessionId, listen, client, login } = refusal
  const decider = findings[decidedBy]
  const who = login === undefined ? client : `${client}, login "${login}"`
  const what = decider === undefined ? '' : `: ${deciderText(decider, terminal.cwd)}`
  const head = `${localTime(refusal.atMs)} *${sessionId} ${who}, on ${listen}${what}\n`
  if (!isWhole) return head
  return head + findings.map((finding, at) => lineOf(finding, at === decidedBy, terminal)).join('')
}

/** `service_sessions "ESMTP_Listener" 600/600, postern.conf:4`. */
export function deciderText(finding: ShownFinding, cwd: string): string {
  const { option, scope, zone, isExhausted, origin } = finding
  const name = option === 'limit_conn' ? `zone "${zone}"` : `"${scope}"`
  const fill = isExhausted ? 'no room in the zone' : fillText(finding)
  const place = origin === undefined ? '' : `, ${placeText(origin, cwd)}`
  return `${option} ${name} ${fill}${place}`
}

function fillText({ usedCount, capMax }: ShownFinding): string {
  return capMax === undefined ? `${usedCount}, no limit` : `${usedCount}/${capMax}`
}

function lineOf(finding: ShownFinding, isDecider: boolean, terminal: Terminal): string {
  const text = `    ${deciderText(finding, terminal.cwd)}${findingNotes(finding, isDecider)}`
  const style = isDecider ? 'red' : finding.isOver ? 'yellow' : 'dim'
  return `${paint(terminal.isColorOut, style, text)}\n`
}

/** The key it counted, and what came of it. */
export function findingNotes(finding: ShownFinding, isDecider: boolean): string {
  const { option, key, isOver, isExhausted, isDryRun } = finding
  const counted = option === 'limit_conn' ? ` for "${key}"` : ''
  const notes = [
    ...(isDecider ? ['refuses'] : []),
    ...(isOver && !isDecider && !isDryRun ? ['also at its cap'] : []),
    ...(isDryRun ? [isOver || isExhausted ? 'dry run: would refuse' : 'dry run'] : []),
  ]
  return counted + (notes.length === 0 ? '' : ` (${notes.join(', ')})`)
}

/** As the log writes it, so that one is found in the other. */
function localTime(atMs: number): string {
  const date = new Date(atMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('/')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${day} ${time}`
}
