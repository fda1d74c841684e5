// The fullest budgets, and not all of them: a zone may hold a state for each of a million users.

import { escapeText } from '../base/escape.ts'
import type { Engine } from '../engine/engine.ts'
import { connectZone } from '../policy/fallback.ts'
import type { LimitRow } from '../policy/limit-table.ts'
import { budgetsListedMax } from './control-protocol.ts'
import type { BudgetsReport, BudgetsRequest, FilledBudget } from './control-protocol.ts'
import { Fullest } from './fullest.ts'
import { inSlices } from './slices.ts'

/**
 * States looked at for one answer: a fifth of a second of a processor, in slices. More would be a
 * way to keep a gate busy by looking at it.
 */
const statesWalkedMax = 200_000
/** As of logins in the log. */
const keyLengthMax = 255

export async function budgetsOf(
  engine: Engine,
  limits: readonly LimitRow[],
  request: BudgetsRequest,
): Promise<BudgetsReport> {
  const { revision } = engine
  const caps = capsOf(limits, request.limitId)
  const { offset = 0, sort } = request
  const fullest = new Fullest<FilledBudget>(Math.min(offset + request.limit, budgetsListedMax))
  let matchingCount = 0
  let walkedCount = 0
  let isComplete = true
  for (const zone of engine.zones()) {
    if (request.zone !== undefined && zone.name !== request.zone) continue
    if (!isComplete) break
    await inSlices(zone.states(), ({ key, usedCount }) => {
      walkedCount += 1
      if (walkedCount > statesWalkedMax) isComplete = false
      if (!isComplete) return false
      const found = caps(zone.name, key)
      if (found === undefined) return true
      matchingCount += 1
      const fill = found.capMax === undefined ? 0 : usedCount / found.capMax
      const rank = sort === 'fill' ? fill : usedCount
      if (fullest.takes(rank)) fullest.add(rank, { zone: zone.name, key, usedCount, ...found })
      return true
    })
  }
  const budgets = fullest.sorted().slice(offset).map(printable)
  return { revision, matchingCount, isComplete, budgets }
}

function printable(budget: FilledBudget): FilledBudget {
  const { zone, key, usedCount, capMax, limitIds } = budget
  const filled = capMax === undefined ? {} : { capMax, fill: usedCount / capMax }
  return { zone, key: escapeText(key, keyLengthMax), usedCount, ...filled, limitIds }
}

interface Caps {
  readonly capMax?: number
  readonly limitIds: readonly string[]
}

const noCaps: Caps = { limitIds: [] }

/** Answers what caps a budget has; undefined: it is not one of those asked for. */
function capsOf(
  rows: readonly LimitRow[],
  limitId: string | undefined,
): (zone: string, key: string) => Caps | undefined {
  const byKey = new Map<string, LimitRow[]>()
  const byZone = new Map<string, LimitRow[]>()
  const add = (map: Map<string, LimitRow[]>, at: string, row: LimitRow): void => {
    map.set(at, [...(map.get(at) ?? []), row])
  }
  for (const row of rows) {
    if (row.zone === connectZone) for (const key of row.keys) add(byKey, key, row)
    else add(byZone, row.zone, row)
  }
  const made = new Map<readonly LimitRow[], Caps>()
  return (zone, key) => {
    const found = zone === connectZone ? byKey.get(key) : byZone.get(zone)
    if (found === undefined) return limitId === undefined ? noCaps : undefined
    if (limitId !== undefined && !found.some(({ id }) => id === limitId)) return undefined
    let caps = made.get(found)
    if (caps === undefined) {
      caps = capsOfRows(found)
      made.set(found, caps)
    }
    return caps
  }
}

function capsOfRows(rows: readonly LimitRow[]): Caps {
  const numbers = rows.flatMap(({ capMax }) => (capMax === undefined ? [] : [capMax]))
  const limitIds = rows.map(({ id }) => id)
  return numbers.length === 0 ? { limitIds } : { capMax: Math.min(...numbers), limitIds }
}
