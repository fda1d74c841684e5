// The store of limits over several nodes, as `postern status` shows it.

import { escapeText } from '../base/escape.ts'
import type { ClusterView, LedgerView } from '../engine/cluster/cluster-view.ts'

/** An error of the store is one short line. */
const detailLengthMax = 120

export function clusterRows(cluster: ClusterView): string[][] {
  const { name, node, worker, driftTotal, ledgers } = cluster
  const drift = driftTotal === 0 ? '' : `, drift ${driftTotal} made good`
  return ledgers.map((ledger) => {
    const zone = ledger.zone === undefined ? '' : `, zone "${ledger.zone}"`
    return ['cluster', `${name}, node ${node}/${worker}${zone}: ${ledgerText(ledger)}${drift}`]
  })
}

function ledgerText(ledger: LedgerView): string {
  const { state, awayMs, why, detail, nodeCount, slotsHeld, epoch, leaseLeftMs } = ledger
  const held = `${slotsHeld} slots held`
  if (awayMs !== undefined) {
    const cause = why === undefined ? '' : ` (${why}: ${escapeText(detail ?? '', detailLengthMax)})`
    return `away for ${Math.round(awayMs / 1000)} s${cause}, ${held}`
  }
  if (state === 'joining') return `joining, ${held}`
  return `counting, ${nodeCount} nodes, ${held}, epoch ${epoch ?? ''}, lease ${leaseLeftMs} ms`
}
