// The part of the zone tests that runs in threads of its own: it acquires and releases as told, or
// hammers on a zone by itself.

import { parentPort, workerData } from 'node:worker_threads'
import { acquireAll, createBudgetSet, releaseAll } from '../../src/engine/admission.ts'
import type { SharedZoneMemory } from '../../src/engine/shared-layout.ts'
import { SharedZone } from '../../src/engine/shared-zone.ts'
import type { StateHandle } from '../../src/engine/zone.ts'
import { limitOf } from '../kit/limit.ts'
import type { BudgetRequest } from './zone-suite.ts'

/** What a thread is told. `holder` is a number it chose itself. */
export type ThreadOrder =
  | { readonly order: 'open'; readonly zones: readonly SharedZoneMemory[] }
  | {
      readonly order: 'acquire'
      readonly requests: readonly BudgetRequest[]
      readonly holder?: number
    }
  | { readonly order: 'release'; readonly holder: number }
  | { readonly order: 'peek'; readonly zone: string; readonly key: string }
  /** Takes and gives slots of `keys` under `cap`; `inside` counts who is in, by key. */
  | {
      readonly order: 'hammer'
      readonly cap: number
      readonly rounds: number
      readonly inside: Int32Array
      readonly seed: number
    }

export interface ThreadAnswer {
  readonly refusedBy?: number
  readonly isExhausted?: boolean
  readonly usedCounts?: readonly number[]
  readonly holder?: number
  readonly usedCount?: number
  /** How often more were inside than the cap allows. */
  readonly violations?: number
  readonly admitted?: number
}

// Checked by whoever starts the thread (kit/worker.ts): it is a number.
const worker = (workerData as { readonly input: number }).input
let zones: ReadonlyMap<string, SharedZone> = new Map()
const held = new Map<number, readonly StateHandle[]>()
let lastHolder = 0

function zoneNamed(name: string): SharedZone {
  const zone = zones.get(name)
  if (zone === undefined) throw new Error(`no zone ${name}`)
  return zone
}

function acquire(requests: readonly BudgetRequest[], holder: number | undefined): ThreadAnswer {
  const set = createBudgetSet(requests.map(limitOf), zoneNamed)
  const all = [...zones.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const given = holder === undefined ? [] : (held.get(holder) ?? [])
  if (holder !== undefined) held.delete(holder)
  const { slots, findings, decidedBy } = acquireAll({ ...set, lockOrder: all }, given)
  const usedCounts = findings.map((finding) => finding.usedCount)
  if (decidedBy !== undefined) {
    const refusedBy = findings.indexOf(decidedBy)
    return decidedBy.isExhausted
      ? { refusedBy, isExhausted: true, usedCounts }
      : { refusedBy, usedCounts }
  }
  lastHolder += 1
  held.set(lastHolder, slots)
  return { usedCounts, holder: lastHolder }
}

function hammer(order: Extract<ThreadOrder, { order: 'hammer' }>): ThreadAnswer {
  const { cap, rounds, inside } = order
  const sets = Array.from(inside, (_, at) => {
    // Long ones, too, so that continuation states move about.
    const key = at % 3 === 0 ? `key ${at} ${'k'.repeat(100)}` : `key ${at}`
    const limits = [
      { zone: 'user', key, capMax: cap },
      { zone: 'domain', key: 'everybody' },
    ].map(limitOf)
    return createBudgetSet(limits, zoneNamed)
  })
  const mine: { readonly at: number; readonly slots: readonly StateHandle[] }[] = []
  let state = order.seed
  let violations = 0
  let admitted = 0
  for (let round = 0; round < rounds; round += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const at = (state >>> 8) % sets.length
    const set = sets[at]
    if (set === undefined) continue
    const { slots, decidedBy } = acquireAll(set)
    if (decidedBy === undefined) {
      admitted += 1
      if (Atomics.add(inside, at, 1) >= cap) violations += 1
      mine.push({ at, slots })
    }
    if (mine.length > 5 || (decidedBy !== undefined && mine.length > 0)) {
      const first = mine.shift()
      if (first !== undefined) {
        // Out before the slot is free: the witness never sees one too many by our own doing.
        Atomics.sub(inside, first.at, 1)
        releaseAll(first.slots)
      }
    }
  }
  for (const { at, slots } of mine) {
    Atomics.sub(inside, at, 1)
    releaseAll(slots)
  }
  return { violations, admitted }
}

function obey(order: ThreadOrder): ThreadAnswer {
  switch (order.order) {
    case 'open':
      zones = new Map(order.zones.map((zone) => [zone.name, new SharedZone(zone, worker)]))
      held.clear()
      return {}
    case 'acquire':
      return acquire(order.requests, order.holder)
    case 'release':
      releaseAll(held.get(order.holder) ?? [])
      held.delete(order.holder)
      return {}
    case 'peek':
      return { usedCount: zoneNamed(order.zone).peek(order.key) }
    case 'hammer':
      return hammer(order)
  }
}

parentPort?.on('message', (order: ThreadOrder) => parentPort?.postMessage(obey(order)))
