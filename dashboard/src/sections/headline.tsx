// The answer at a glance: what is full, and whether anybody is being turned away.

import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import type { PageState } from '../state/live.ts'
import type { Limit } from '../wire/shapes.ts'
import { age, count, counted } from '../words/format.ts'
import { byFill, fillOf, levelOf, limitName } from '../words/limits.ts'

/** Names that are read at a glance. */
const namedMax = 3

export function Headline({ state }: { readonly state: PageState }): ComponentChildren {
  const limits = state.feeds.limits.value?.limits
  const full = (limits ?? []).filter((limit) => levelOf(limit) === 'full').toSorted(byFill)
  const isRefusing = (state.refusedLately?.count ?? 0) > 0
  useEffect(() => {
    document.title = full.length === 0 ? 'Postern' : `${full.length} full – Postern`
  }, [full.length])
  return (
    <div class={`headline ${full.length > 0 ? 'full' : ''}`}>
      <h1>{limits === undefined ? 'Postern' : titleOf(full)}</h1>
      {limits === undefined ? null : <p>{sentenceOf(state, limits, full)}</p>}
      {/* Without numbers, so that it is said when something begins or ends, not every two seconds. */}
      <p class="hidden" role="status">
        {limits === undefined ? '' : spokenOf(full, isRefusing)}
      </p>
    </div>
  )
}

function titleOf(full: readonly Limit[]): string {
  if (full.length === 0) return 'Nothing is full'
  const names = full.slice(0, namedMax).map(limitName)
  const more = full.length - names.length
  const all = more > 0 ? [...names, `${count(more)} more`] : names
  return `Full: ${all.join(', ')}`
}

function sentenceOf(state: PageState, limits: readonly Limit[], full: readonly Limit[]): string {
  const said = [full.length === 0 ? fullestOf(limits) : '', refusingOf(state)]
  return said.filter((sentence) => sentence !== '').join(' ')
}

function fullestOf(limits: readonly Limit[]): string {
  const [fullest] = limits.toSorted(byFill)
  const fill = fullest === undefined ? undefined : fillOf(fullest)
  if (fullest === undefined || fill === undefined || fullest.usedCount === 0) return ''
  const { usedCount, capMax = 0 } = fullest
  return `The fullest is ${limitName(fullest)}, ${count(usedCount)} of ${count(capMax)}.`
}

function refusingOf({ refusedLately, feeds }: PageState): string {
  const known = (feeds.history.value?.limits ?? []).reduce(
    (sum, { refused }) => refused.reduce((all, value) => all + value, sum),
    0,
  )
  // The gate adds to its history every ten seconds.
  const hour = Math.max(known, refusedLately?.count ?? 0)
  const inHour = `${counted(hour, 'session')} refused in the last hour.`
  // One answer is not enough to tell what is going on now.
  if (refusedLately === undefined) return inHour
  if (refusedLately.count > 0) {
    const { count: lately, ms } = refusedLately
    return `${counted(lately, 'session')} refused in the last ${age(Math.max(1000, ms))}, ${count(hour)} in the last hour.`
  }
  return hour === 0 ? 'Nobody was refused in the last hour.' : `Nobody is refused now; ${inHour}`
}

function spokenOf(full: readonly Limit[], isRefusing: boolean): string {
  return `${titleOf(full)}. ${isRefusing ? 'Sessions are being refused.' : 'Nobody is being refused.'}`
}
