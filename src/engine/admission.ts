// The one place where slots are taken: all budgets of a stage, or none (SEMANTICS S17).

import { assert } from '../base/assert.ts'
import type { Limit } from '../policy/limit.ts'
import type { Finding } from './verdict.ts'
import type { StateHandle, Zone } from './zone.ts'

/** The budgets of one admission: limit i is counted in zone i. */
export interface BudgetSet {
  readonly limits: readonly Limit[]
  readonly zones: readonly Zone[]
  /**
   * Each zone once, in the order all admissions lock them, so that none waits for another in a
   * circle.
   */
  readonly lockOrder: readonly Zone[]
}

/** `decidedBy` present means refused, and then no slot is held. */
export interface Acquisition {
  readonly slots: readonly StateHandle[]
  readonly findings: readonly Finding[]
  readonly decidedBy?: Finding
}

const noSlots: readonly StateHandle[] = Object.freeze([])

export function createBudgetSet(
  limits: readonly Limit[],
  zoneNamed: (name: string) => Zone,
): BudgetSet {
  const zones = limits.map((limit) => zoneNamed(limit.zone))
  const keys = new Set(limits.map((limit) => `${limit.zone}\0${limit.key}`))
  assert(keys.size === limits.length, 'an admission asks one budget twice')
  const lockOrder = [...new Set(zones)].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { limits, zones, lockOrder }
}

/**
 * Takes a slot in every budget of the set or in none. Slots in `held` are given back in the same
 * step, before anything is looked at: a session that moves to other budgets never competes with
 * itself, and nobody can take its place in between.
 */
export function acquireAll(set: BudgetSet, held: readonly StateHandle[] = noSlots): Acquisition {
  // The zones of `held` must be among those locked: for a Listen's shared budgets they always are.
  for (const zone of set.lockOrder) zone.lock()
  try {
    for (const slot of held) slot.zone.give(slot)
    return takeAllOrNone(set)
  } finally {
    for (const zone of set.lockOrder) zone.unlock()
  }
}

/**
 * Gives slots back. Each slot list passes through here once: the session forgets it (SEMANTICS S2).
 */
export function releaseAll(slots: readonly StateHandle[]): void {
  for (const slot of slots) {
    slot.zone.lock()
    try {
      slot.zone.give(slot)
    } finally {
      slot.zone.unlock()
    }
  }
}

/** Counts a session that is already open, whatever the caps say (SEMANTICS S19). */
export function countUnchecked(set: BudgetSet): readonly StateHandle[] {
  const slots: StateHandle[] = []
  for (const zone of set.lockOrder) zone.lock()
  for (const [index, limit] of set.limits.entries()) {
    const zone = zoneAt(set, index)
    const state = zone.reserve(limit.key)
    if (state === undefined) continue
    zone.take(state)
    slots.push(state)
  }
  for (const zone of set.lockOrder) zone.unlock()
  return slots
}

/** What `acquireAll` would find now, without taking anything. */
export function lookAt(set: BudgetSet): readonly Finding[] {
  return set.limits.map((limit, index) => {
    const usedCount = zoneAt(set, index).peek(limit.key)
    return { limit, usedCount, isOver: isOver(limit, usedCount), isExhausted: false }
  })
}

/** True when this finding alone turns a session away: dry-run limits never do (SEMANTICS S18). */
export function isRefusing(finding: Finding): boolean {
  return (finding.isOver || finding.isExhausted) && !finding.limit.isDryRun
}

function takeAllOrNone(set: BudgetSet): Acquisition {
  const findings: Finding[] = []
  const states: StateHandle[] = []
  let decidedBy: Finding | undefined
  for (const [index, limit] of set.limits.entries()) {
    const zone = zoneAt(set, index)
    const state = zone.reserve(limit.key)
    const usedCount = state === undefined ? 0 : zone.usedCount(state)
    const finding: Finding = {
      limit,
      usedCount,
      isOver: isOver(limit, usedCount),
      isExhausted: state === undefined,
    }
    findings.push(finding)
    if (state !== undefined) states.push(state)
    if (decidedBy === undefined && isRefusing(finding)) decidedBy = finding
  }
  if (decidedBy !== undefined) {
    for (const state of states) state.zone.discard(state)
    return { slots: noSlots, findings, decidedBy }
  }
  for (const state of states) state.zone.take(state)
  return { slots: states, findings }
}

function isOver(limit: Limit, usedCount: number): boolean {
  return limit.capMax !== undefined && usedCount >= limit.capMax
}

function zoneAt(set: BudgetSet, index: number): Zone {
  const zone = set.zones[index]
  assert(zone !== undefined, 'a limit without a zone')
  return zone
}
