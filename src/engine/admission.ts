// The one place where slots are taken: all budgets of a stage, or none (SEMANTICS S17).

import { assert } from '../base/assert.ts'
import type { Limit } from '../policy/limit.ts'
import type { Finding } from './verdict.ts'
import type { StateHandle, Zone } from './zone.ts'

/** The budgets of one admission: limit i is counted under handle i. */
export interface BudgetSet {
  readonly limits: readonly Limit[]
  readonly handles: readonly StateHandle[]
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
  const handles = limits.map((limit) => zoneNamed(limit.zone).handleOf(limit.key))
  const keys = new Set(limits.map((limit) => `${limit.zone}\0${limit.key}`))
  assert(keys.size === limits.length, 'an admission asks one budget twice')
  const zones = new Set(handles.map((handle) => handle.zone))
  const lockOrder = [...zones].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { limits, handles: Object.freeze(handles), lockOrder }
}

/**
 * Takes a slot in every budget of the set or in none. Slots in `held` are given back in the same
 * step, before anything is looked at: a session that moves to other budgets never competes with
 * itself, and nobody can take its place in between.
 */
export function acquireAll(set: BudgetSet, held: readonly StateHandle[] = noSlots): Acquisition {
  // The zones of `held` must be among those locked: for a Listen's shared budgets they always are.
  lockAll(set.lockOrder)
  try {
    for (let at = 0; at < held.length; at += 1) giveAt(held, at)
    return takeAllOrNone(set)
  } finally {
    unlockAll(set.lockOrder)
  }
}

/**
 * Gives slots back. Each slot list passes through here once: the session forgets it (SEMANTICS S2).
 */
export function releaseAll(slots: readonly StateHandle[]): void {
  for (let at = 0; at < slots.length; at += 1) {
    const zone = handleAt(slots, at).zone
    zone.lock()
    try {
      // Slots of one zone stand together: one lock for all of them.
      giveAt(slots, at)
      while (at + 1 < slots.length && handleAt(slots, at + 1).zone === zone) {
        at += 1
        giveAt(slots, at)
      }
    } finally {
      zone.unlock()
    }
  }
}

/** Counts a session that is already open, whatever the caps say (SEMANTICS S19). */
export function countUnchecked(set: BudgetSet): readonly StateHandle[] {
  lockAll(set.lockOrder)
  try {
    const slots = set.handles.filter((handle) => handle.zone.reserve(handle))
    for (const slot of slots) slot.zone.take(slot)
    return slots.length === set.handles.length ? set.handles : slots
  } finally {
    unlockAll(set.lockOrder)
  }
}

/** What `acquireAll` would find now, without taking anything. */
export function lookAt(set: BudgetSet): readonly Finding[] {
  return set.limits.map((limit, index) => {
    const handle = handleAt(set.handles, index)
    const usedCount = handle.zone.peek(handle.key)
    return { limit, usedCount, isOver: isOver(limit, usedCount), isExhausted: false }
  })
}

/** True when this finding alone turns a session away: dry-run limits never do (SEMANTICS S18). */
export function isRefusing(finding: Finding): boolean {
  return (finding.isOver || finding.isExhausted) && !finding.limit.isDryRun
}

function takeAllOrNone(set: BudgetSet): Acquisition {
  const findings: Finding[] = []
  let decidedBy: Finding | undefined
  let exhaustedCount = 0
  for (let index = 0; index < set.limits.length; index += 1) {
    const limit = limitAt(set, index)
    const handle = handleAt(set.handles, index)
    const isExhausted = !handle.zone.reserve(handle)
    const usedCount = isExhausted ? 0 : handle.zone.usedCount(handle)
    const finding: Finding = { limit, usedCount, isOver: isOver(limit, usedCount), isExhausted }
    findings.push(finding)
    if (isExhausted) exhaustedCount += 1
    if (decidedBy === undefined && isRefusing(finding)) decidedBy = finding
  }
  const states =
    exhaustedCount === 0
      ? set.handles // All of them: no list of its own for the session.
      : set.handles.filter((_, index) => findings[index]?.isExhausted === false)
  if (decidedBy !== undefined) {
    for (const state of states) state.zone.discard(state)
    return { slots: noSlots, findings, decidedBy }
  }
  for (let at = 0; at < states.length; at += 1) {
    const state = handleAt(states, at)
    state.zone.take(state)
  }
  return { slots: states, findings }
}

function isOver(limit: Limit, usedCount: number): boolean {
  return limit.capMax !== undefined && usedCount >= limit.capMax
}

function limitAt(set: BudgetSet, index: number): Limit {
  const limit = set.limits[index]
  assert(limit !== undefined, 'a handle without a limit')
  return limit
}

function handleAt(handles: readonly StateHandle[], index: number): StateHandle {
  const handle = handles[index]
  assert(handle !== undefined, 'a limit without a handle')
  return handle
}

function giveAt(slots: readonly StateHandle[], at: number): void {
  const slot = handleAt(slots, at)
  slot.zone.give(slot)
}

function lockAll(zones: readonly Zone[]): void {
  for (let at = 0; at < zones.length; at += 1) zones[at]?.lock()
}

function unlockAll(zones: readonly Zone[]): void {
  for (let at = 0; at < zones.length; at += 1) zones[at]?.unlock()
}
