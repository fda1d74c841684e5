// The budgets of one admission that count over all nodes, sorted by the ledger they stand in.

import type { Limit } from '../../policy/limit.ts'
import type { Ledger } from './ledger.ts'
import type { AskedBudget } from './steps.ts'

/** What one ledger is asked for; a session keeps it to give it back. */
export interface ClusterPart {
  readonly ledger: Ledger
  readonly budgets: readonly AskedBudget[]
  /** Of `budgets`, in their order. */
  readonly fields: readonly string[]
  /** Where the limit of each budget stands among the limits of the admission. */
  readonly places: readonly number[]
}

/**
 * In the order in which they are asked: that of their zones' names. Where there is one ledger there
 * is one part.
 */
export function partsOf(
  limits: readonly Limit[],
  ledgerOf: (zone: string) => Ledger,
): readonly ClusterPart[] {
  const places = new Map<Ledger, number[]>()
  const counted = limits.flatMap(({ zone, cluster, capMax }, place) =>
    cluster === undefined || capMax === undefined ? [] : [{ zone, place }],
  )
  for (const { zone, place } of counted.toSorted((a, b) => (a.zone < b.zone ? -1 : 1))) {
    const ledger = ledgerOf(zone)
    const found = places.get(ledger)
    if (found === undefined) places.set(ledger, [place])
    else found.push(place)
  }
  return Array.from(places, ([ledger, unsorted]) => partOf(ledger, limits, unsorted))
}

function partOf(
  ledger: Ledger,
  limits: readonly Limit[],
  unsorted: readonly number[],
): ClusterPart {
  // Within a ledger the first in the order of S17 decides.
  const places = unsorted.toSorted((a, b) => a - b)
  const budgets = places.flatMap((place) => {
    const limit = limits[place]
    return limit === undefined ? [] : [askedOf(limit)]
  })
  return { ledger, budgets, fields: budgets.map(({ field }) => field), places }
}

function askedOf({ zone, key, capMax = 0, isDryRun, cluster }: Limit): AskedBudget {
  return { field: `${zone}/${key}`, capMax, isDryRun, wantMax: cluster?.block ?? 1 }
}
