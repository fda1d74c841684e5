// How an admission stands towards the store: which budgets are asked there, and which this node
// decides alone while the store is away.

import type { BudgetSet } from './admission.ts'
import type { Cluster, UsedCounts } from './cluster/cluster.ts'
import type { ClusterPart } from './cluster/cluster-part.ts'
import type { Demand } from './revision.ts'
import type { Finding } from './verdict.ts'

export interface Standing {
  /** Of this node's zones, with what it may admit alone where it is alone. */
  readonly budgets: BudgetSet
  readonly asked: readonly ClusterPart[]
  readonly alone: readonly ClusterPart[]
}

const noParts: readonly ClusterPart[] = Object.freeze([])

/** As the store is now. */
export function standingOf(cluster: Cluster | undefined, demand: Demand): Standing {
  const { budgets, parts } = demand
  if (cluster === undefined || !parts.some(isAway)) return { budgets, asked: parts, alone: noParts }
  const alone = parts.filter(isAway)
  return {
    budgets: aloneBudgets(cluster, budgets, alone),
    asked: parts.filter((part) => !isAway(part)),
    alone,
  }
}

/** The caps of `alone` become this node's own. */
export function aloneBudgets(
  cluster: Cluster,
  budgets: BudgetSet,
  alone: readonly ClusterPart[],
): BudgetSet {
  const places = new Set(alone.flatMap((part) => part.places))
  const limits = budgets.limits.map((limit, place) =>
    places.has(place) ? cluster.alone(limit) : limit,
  )
  return { ...budgets, limits }
}

/** Findings of this node, with the counts over all nodes where they are known. */
export function withCounts(
  findings: readonly Finding[],
  usedCounts: UsedCounts,
): readonly Finding[] {
  return findings.map((finding, place) => {
    const usedCount = usedCounts.get(place)
    if (usedCount === undefined) return finding
    const { capMax } = finding.limit
    return { ...finding, usedCount, isOver: capMax !== undefined && usedCount >= capMax }
  })
}

function isAway({ ledger }: ClusterPart): boolean {
  return ledger.isAway()
}
