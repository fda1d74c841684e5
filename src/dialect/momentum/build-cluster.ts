// From the draft of Cluster to the store of the Policy.

import type { ClusterOptions } from '../../policy/cluster.ts'
import type { ScopeDraft } from './draft.ts'
import type { Report } from './report.ts'

/** Reports what a Cluster cannot do without. */
export function checkClusterScope(
  { kind, cluster, label, span }: ScopeDraft,
  report: Report,
): void {
  if (kind !== 'cluster' || 'servers' in cluster) return
  report.error({
    code: 'momentum.option_missing',
    message: `${label} has no Server`,
    span,
    hint: 'write Server = ( "redis://127.0.0.1:6379" )',
  })
}

/** Undefined for a Cluster that was reported as incomplete. */
export function buildCluster({ cluster, span }: ScopeDraft): ClusterOptions | undefined {
  const { servers } = cluster
  if (servers === undefined) return undefined
  const written = Object.entries(cluster).filter(([, sourced]) => sourced !== undefined)
  // Entries of a Cluster, without those that were wrong.
  return {
    ...(Object.fromEntries(written) as Omit<ClusterOptions, 'servers' | 'span'>),
    servers,
    span,
  }
}
