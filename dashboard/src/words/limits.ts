// How this page speaks about limits: what they are called, how full they are, which comes first.

import type { Finding, Limit, Refusal } from '../wire/shapes.ts'
import { count, counted, percent } from './format.ts'

/** `full` refuses, `near` is where an operator should look before it does. */
export type Level = 'full' | 'near' | 'free' | 'open'

const nearFrom = 0.8

type Filled = Pick<Limit, 'usedCount'> & {
  readonly capMax?: number | undefined
  readonly isDryRun?: boolean
}

/** Absent: there is no cap, so nothing to fill. */
export function fillOf({ usedCount, capMax }: Filled): number | undefined {
  if (capMax === undefined) return undefined
  // A limit of zone keys may have a cap of 0: it is full with nobody in it.
  return capMax === 0 ? 1 : usedCount / capMax
}

export function levelOf(filled: Filled): Level {
  const fill = fillOf(filled)
  if (fill === undefined) return 'open'
  // A dry run turns nobody away: it asks to be looked at, not to be woken up for.
  if (fill >= 1) return filled.isDryRun === true ? 'near' : 'full'
  return fill >= nearFrom ? 'near' : 'free'
}

/** The one that is next to its cap first; where two are alike, the one that has more in it. */
export function byFill(one: Limit, other: Limit): number {
  const [first, second] = [fillOf(one) ?? -1, fillOf(other) ?? -1]
  if (one.isDryRun !== other.isDryRun && first >= 1 && second >= 1) return one.isDryRun ? 1 : -1
  return second - first || other.usedCount - one.usedCount || (one.id < other.id ? -1 : 1)
}

type Named = Pick<Finding, 'option' | 'scope' | 'zone'>

/** What it holds for: the scope in the words of the configuration. */
export function limitName({ option, scope, zone }: Named): string {
  return option === 'limit_conn' ? `zone ${zone}` : scope
}

/** What kind of a limit that is. */
export function limitKind({ option, scope }: Named): string {
  return option === 'limit_conn' ? `${option} in ${scope}` : option
}

/** `600 of 600, full`, for those who hear it. */
export function fillText({ usedCount, capMax }: Filled): string {
  if (capMax === undefined) return `${count(usedCount)}, no cap`
  const said = `${count(usedCount)} of ${count(capMax)}`
  if (usedCount > capMax) return `${said}, ${count(usedCount - capMax)} over`
  return usedCount === capMax ? `${said}, full` : `${said}, ${percent(usedCount, capMax)}`
}

/** One sentence: why this session was turned away. */
export function whyOf(refusal: Refusal): string {
  const decided = refusal.findings[refusal.decidedBy]
  if (decided === undefined) return 'The gate does not say which limit decided.'
  const { option, zone, key, scope, usedCount, capMax = 0 } = decided
  if (refusal.reason === 'exhausted') {
    return `Zone ${zone} had no room for one more key, so nobody new could be counted.`
  }
  const held = `${count(usedCount)} of ${counted(capMax, 'session')}`
  if (option === 'limit_conn') return `${key} had ${held} in zone ${zone}.`
  return `${scope} had ${held} (${option}).`
}

/** What a finding meant for the session. */
export function outcomeOf(finding: Finding, isDecisive: boolean): string {
  if (isDecisive) return finding.isExhausted ? 'no room: decided' : 'full: decided'
  if (finding.isExhausted) return 'no room'
  if (finding.isOver) return finding.isDryRun ? 'full, dry run: let pass' : 'full as well'
  return finding.capMax === undefined ? 'counted only' : 'fits'
}

/** What would happen with this cap, from what is known now. */
export function capForetold(limit: Limit, capMax: number): string {
  const { usedCount } = limit
  const least = limit.tier === 'keyed' ? 'The fullest key has' : 'It has'
  const has = `${least} ${counted(usedCount, 'session')} now`
  if (capMax === 0 && limit.option !== 'limit_conn') {
    return `${has}. 0 is no limit: everybody is let in.`
  }
  if (usedCount > capMax) {
    const over = counted(usedCount - capMax + 1, 'has', 'have')
    return `${has}: nobody is closed, and nobody new fits until ${over} left.`
  }
  if (usedCount === capMax)
    return `${has}: it is full at once; each that leaves makes room for one.`
  return `${has}: room for ${count(capMax - usedCount)} more.`
}
