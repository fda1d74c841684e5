// The self-audit: are the counts what the open sockets say they must be? (SEMANTICS S20)

import type { EngineSession } from './session.ts'
import type { Zone } from './zone.ts'

/** What a self-audit found. */
export interface AuditReport {
  /** Sum over all budgets of |counted - really open|; must be 0 (SEMANTICS S20). */
  readonly drift: number
  /** Sessions the engine holds whose socket is gone. */
  readonly leakedIds: readonly number[]
  /** Sockets that are open and that the engine does not know. */
  readonly unknownIds: readonly number[]
}

/** Compares what the zones count with what the sessions with open sockets hold. */
export function auditCounts(
  zones: Iterable<Zone>,
  sessions: ReadonlyMap<number, EngineSession>,
  openIds: ReadonlySet<number>,
): AuditReport {
  const held = new Map<Zone, Map<string, number>>()
  const leakedIds: number[] = []
  for (const session of sessions.values()) {
    if (openIds.has(session.id)) countHeld(held, session)
    else leakedIds.push(session.id)
  }
  const unknownIds = [...openIds].filter((id) => !sessions.has(id))
  let drift = 0
  for (const zone of zones) {
    drift += driftOf(zone, held.get(zone) ?? new Map()) + zone.imbalance()
  }
  return { drift, leakedIds, unknownIds }
}

function countHeld(held: Map<Zone, Map<string, number>>, session: EngineSession): void {
  for (const slot of session.slots) {
    let counts = held.get(slot.zone)
    if (counts === undefined) {
      counts = new Map()
      held.set(slot.zone, counts)
    }
    counts.set(slot.key, (counts.get(slot.key) ?? 0) + 1)
  }
}

function driftOf(zone: Zone, held: Map<string, number>): number {
  let drift = 0
  for (const { key, usedCount } of zone.held()) {
    drift += Math.abs(usedCount - (held.get(key) ?? 0))
    held.delete(key)
  }
  for (const missing of held.values()) drift += missing
  return drift
}
