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

/** What belongs to the same step as an admission. */
export interface Together {
  /** Given back when it is refused. They are of the zones that `lockOrder` names. */
  readonly giveIfRefused: readonly StateHandle[]
  /** `lockOrder` of the set, and the zones of `giveIfRefused`. */
  readonly lockOrder: readonly Zone[]
}

const noSlots: readonly StateHandle[] = Object.freeze([])

export function createBudgetSet(
  limits: readonly Limit[],
  zoneNamed: (name: string) => Zone,
): BudgetSet {
  const handles = limits.map((limit) => zoneNamed(limit.zone).handleOf(limit.key))
  const keys = new Set(limits.map((limit) => `${limit.zone}\0${limit.key}`))
  assert(keys.size === limits.length, 'an admission asks one budget twice')
  const lockOrder = lockOrderOf(handles.map((handle) => handle.zone))
  return { limits, handles: Object.freeze(handles), lockOrder }
}

/** Zones in the order everybody locks them: by name; of two with one name the first one given. */
export function lockOrderOf(zones: readonly Zone[]): readonly Zone[] {
  return [...new Set(zones)].toSorted((a, b) => {
    if (a.name === b.name) return 0
    return a.name < b.name ? -1 : 1
  })
}

/**
 * Takes a slot in every budget of the set or in none. Slots in `held` are given back in the same
 * step, before anything is looked at: a session that moves to other budgets never competes with
 * itself, and nobody can take its place in between. `onDecided` is called before anybody else can
 * decide anything about these zones.
 */
export function acquireAll(
  set: BudgetSet,
  held: readonly StateHandle[] = noSlots,
  onDecided?: () => void,
  together?: Together,
): Acquisition {
  const lockOrder = together?.lockOrder ?? set.lockOrder
  // The zones of `held` must be among those locked: for a Listen's shared budgets they always are.
  lockAll(lockOrder)
  try {
    for (let at = 0; at < held.length; at += 1) giveAt(held, at)
    const acquired = takeAllOrNone(set)
    if (acquired.decidedBy !== undefined && together !== undefined) {
      for (const slot of together.giveIfRefused) slot.zone.give(slot)
    }
    onDecided?.()
    return acquired
  } finally {
    unlockAll(lockOrder)
  }
}

/**
 * Gives slots back, all in one step. Each slot list passes through here once: the session forgets
 * it (SEMANTICS S2). `onGiven` is called before anybody else can decide anything about their zones.
 */
export function releaseAll(slots: readonly StateHandle[], onGiven?: () => void): void {
  const lockOrder = zonesOfSlots(slots)
  lockAll(lockOrder)
  try {
    for (let at = 0; at < slots.length; at += 1) giveAt(slots, at)
    onGiven?.()
  } finally {
    unlockAll(lockOrder)
  }
}

/** The zones of a session's slots, to be locked in this order. */
export function zonesOfSlots(slots: readonly StateHandle[]): readonly Zone[] {
  const first = slots[0]?.zone
  if (first === undefined) return []
  // The connect stage is one zone, and most sessions hold nothing else.
  if (slots.every((slot) => slot.zone === first)) return [first]
  return lockOrderOf(slots.map((slot) => slot.zone))
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
