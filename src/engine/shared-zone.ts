// A zone in memory that worker threads share. Each thread has an object of its own over the same
// memory and writes what it takes into its own ledger, so that the slots of a thread that dies are
// known exactly (SEMANTICS S20).

import { createHash } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { hashOf, KeyBuffer, keyBytesMax } from './key-hash.ts'
import {
  continuationCount,
  continuationsMax,
  firstKeyWords,
  headAt,
  stateAt,
  stateWords,
  viewsOf,
  wordOf,
} from './shared-layout.ts'
import type { SharedViews, SharedZoneMemory } from './shared-layout.ts'
import { SharedLock } from './shared-lock.ts'
import { stateBytesOf } from './state-size.ts'
import type { StateHandle, StateView, Zone, ZoneUsage } from './zone.ts'

/** States read per lock where all of them are walked through: some ten microseconds. */
const walkedPerLock = 256

class SharedHandle implements StateHandle {
  readonly zone: SharedZone
  readonly key: string
  /** Where the state was, and which making of it: it is still there when these are the same. */
  state = 0
  stamp = 0
  hash = 0

  constructor(zone: SharedZone, key: string) {
    this.zone = zone
    this.key = key
  }
}

export class SharedZone implements Zone {
  readonly name: string
  readonly #views: SharedViews
  readonly #states: Int32Array
  readonly #ledger: Int32Array
  readonly #lock: SharedLock
  readonly #key = new KeyBuffer()
  /** Never change, so they are read once. */
  readonly #seeds: readonly [number, number]
  readonly #bucketMask: number
  /** Of the key last loaded. */
  #hash = 0

  /** `worker` counts from 1. */
  constructor(shared: SharedZoneMemory, worker: number) {
    this.name = shared.name
    this.#views = viewsOf(shared.memory)
    this.#states = this.#views.states
    const ledger = this.#views.ledgers[worker - 1]
    assert(ledger !== undefined, `zone "${shared.name}" has no ledger for worker ${worker}`)
    this.#ledger = ledger
    const { head } = this.#views
    this.#seeds = [wordOf(head, headAt.seed0), wordOf(head, headAt.seed1)]
    this.#bucketMask = wordOf(head, headAt.bucketMask)
    this.#lock = new SharedLock(this.#views.head, headAt.lock, worker)
  }

  lock(): void {
    this.#lock.acquire()
  }

  unlock(): void {
    this.#lock.release()
  }

  handleOf(key: string): StateHandle {
    return new SharedHandle(this, fittingKey(key))
  }

  reserve(handle: StateHandle): boolean {
    const own = this.#own(handle)
    if (this.#isCurrent(own)) return true
    this.#load(own.key)
    const state = this.#find() || this.#make()
    if (state === 0) return false
    own.state = state
    own.stamp = wordOf(this.#states, state * stateWords + stateAt.stamp)
    own.hash = this.#hash
    return true
  }

  usedCount(handle: StateHandle): number {
    return wordOf(this.#states, this.#stateOf(handle) * stateWords + stateAt.used)
  }

  take(handle: StateHandle): void {
    const state = this.#stateOf(handle)
    const base = state * stateWords
    // The ledger first: from here on the state belongs to somebody.
    this.#ledger[state] = wordOf(this.#ledger, state) + 1
    this.#states[base] = wordOf(this.#states, base) + 1
  }

  give(handle: StateHandle): void {
    const state = this.#stateOf(handle)
    const base = state * stateWords
    const heldCount = wordOf(this.#ledger, state)
    const usedCount = wordOf(this.#states, base)
    assert(heldCount > 0 && usedCount > 0, 'slot given back twice')
    this.#ledger[state] = heldCount - 1
    this.#states[base] = usedCount - 1
    if (usedCount === 1) this.#free(state)
  }

  discard(handle: StateHandle): void {
    const state = this.#stateOf(handle)
    if (wordOf(this.#states, state * stateWords + stateAt.used) === 0) this.#free(state)
  }

  peek(key: string): number {
    this.lock()
    try {
      this.#load(fittingKey(key))
      const state = this.#find()
      return state === 0 ? 0 : wordOf(this.#states, state * stateWords + stateAt.used)
    } finally {
      this.unlock()
    }
  }

  *states(): Iterable<StateView> {
    for (const [from, to] of this.#walk()) yield* this.#locked(() => this.#usedStates(from, to))
  }

  /** Not locked: nobody else writes to this ledger, and what it holds cannot be freed. */
  *held(): Iterable<StateView> {
    const end = this.#freshState()
    for (let state = 1; state < end; state += 1) {
      const usedCount = wordOf(this.#ledger, state)
      if (usedCount > 0) yield { key: this.#keyOf(state), usedCount }
    }
  }

  imbalance(): number {
    let sum = 0
    for (const [from, to] of this.#walk()) sum += this.#locked(() => this.#imbalanceOf(from, to))
    return sum
  }

  usage(): ZoneUsage {
    const { head } = this.#views
    return {
      statesUsed: Atomics.load(head, headAt.statesUsed),
      bytesUsed: Atomics.load(head, headAt.unitsUsed) * stateWords * 4,
      bytesTotal: wordOf(head, headAt.unitsTotal) * stateWords * 4,
    }
  }

  #own(handle: StateHandle): SharedHandle {
    assert(handle instanceof SharedHandle && handle.zone === this, 'handle of another zone')
    return handle
  }

  #isCurrent({ state, stamp, hash }: SharedHandle): boolean {
    if (stamp === 0) return false
    const base = state * stateWords
    // The hash as well: as a continuation a state is full of what a client chose.
    return (
      this.#states[base + stateAt.stamp] === stamp && this.#states[base + stateAt.hash] === hash
    )
  }

  #stateOf(handle: StateHandle): number {
    const own = this.#own(handle)
    assert(this.#isCurrent(own), 'slot given back twice, or never taken')
    return own.state
  }

  #load(key: string): void {
    this.#key.load(key)
    const [seed0, seed1] = this.#seeds
    this.#hash = hashOf(this.#key, seed0, seed1)
  }

  /** The state of the loaded key, or 0. Chains are short: there are more buckets than states. */
  #find(): number {
    const states = this.#states
    const hash = this.#hash
    let state = wordOf(this.#views.buckets, hash & this.#bucketMask)
    while (state !== 0) {
      const base = state * stateWords
      if (states[base + stateAt.hash] === hash && this.#hasKey(base)) return state
      state = wordOf(states, base + stateAt.next)
    }
    return 0
  }

  #hasKey(base: number): boolean {
    const states = this.#states
    const { words, wordCount, byteLength } = this.#key
    if (states[base + stateAt.keyBytes] !== byteLength) return false
    // Most keys lie in one state.
    const firstCount = Math.min(wordCount, firstKeyWords)
    for (let at = 0; at < firstCount; at += 1) {
      if (states[base + stateAt.key + at] !== words[at]) return false
    }
    for (let at = firstCount; at < wordCount; at += 1) {
      if (states[this.#keyWordAt(base, at)] !== words[at]) return false
    }
    return true
  }

  /** Where word `at` of a state's key lies. */
  #keyWordAt(base: number, at: number): number {
    if (at < firstKeyWords) return base + stateAt.key + at
    const beyond = at - firstKeyWords
    const which = (beyond / stateWords) | 0
    const continuation = wordOf(this.#states, base + stateAt.continuations + which)
    return continuation * stateWords + (beyond % stateWords)
  }

  /** A state for the loaded key; 0 when the zone is exhausted. */
  #make(): number {
    const { head, buckets } = this.#views
    const { words, wordCount, byteLength } = this.#key
    const units = stateBytesOf(byteLength) / (stateWords * 4)
    const unitsUsed = wordOf(head, headAt.unitsUsed) + units
    if (unitsUsed > wordOf(head, headAt.unitsTotal)) return 0
    const states = this.#states
    const state = this.#takeFree()
    const base = state * stateWords
    const continuations = continuationCount(byteLength)
    assert(continuations <= continuationsMax, 'a key longer than a state holds')
    for (let at = 0; at < continuations; at += 1) {
      states[base + stateAt.continuations + at] = this.#takeFree()
    }
    for (let at = 0; at < wordCount; at += 1) states[this.#keyWordAt(base, at)] = words[at] ?? 0
    states[base + stateAt.keyBytes] = byteLength
    states[base + stateAt.hash] = this.#hash
    states[base + stateAt.used] = 0
    states[base + stateAt.stamp] = this.#nextStamp()
    const bucket = this.#hash & this.#bucketMask
    states[base + stateAt.next] = wordOf(buckets, bucket)
    buckets[bucket] = state
    head[headAt.unitsUsed] = unitsUsed
    head[headAt.statesUsed] = wordOf(head, headAt.statesUsed) + 1
    return state
  }

  /** There is one: what S16 charges is never less than what a key takes. */
  #takeFree(): number {
    const { head } = this.#views
    const free = wordOf(head, headAt.freeState)
    if (free !== 0) {
      head[headAt.freeState] = wordOf(this.#states, free * stateWords + stateAt.next)
      return free
    }
    const fresh = wordOf(head, headAt.freshState)
    assert(fresh < wordOf(head, headAt.capacity), 'a zone has lost states')
    head[headAt.freshState] = fresh + 1
    return fresh
  }

  #nextStamp(): number {
    const { head } = this.#views
    // 0 stands for a state that is free.
    const stamp = (wordOf(head, headAt.lastStamp) + 1) | 0 || 1
    head[headAt.lastStamp] = stamp
    return stamp
  }

  #free(state: number): void {
    const states = this.#states
    const { head } = this.#views
    const base = state * stateWords
    this.#unlink(state)
    const keyBytes = wordOf(states, base + stateAt.keyBytes)
    for (let at = continuationCount(keyBytes) - 1; at >= 0; at -= 1) {
      this.#giveFree(wordOf(states, base + stateAt.continuations + at))
    }
    this.#giveFree(state)
    const units = stateBytesOf(keyBytes) / (stateWords * 4)
    head[headAt.unitsUsed] = wordOf(head, headAt.unitsUsed) - units
    head[headAt.statesUsed] = wordOf(head, headAt.statesUsed) - 1
  }

  #giveFree(state: number): void {
    const { head } = this.#views
    this.#states[state * stateWords + stateAt.stamp] = 0
    this.#states[state * stateWords + stateAt.next] = wordOf(head, headAt.freeState)
    head[headAt.freeState] = state
  }

  #unlink(state: number): void {
    const states = this.#states
    const { buckets } = this.#views
    const base = state * stateWords
    const next = wordOf(states, base + stateAt.next)
    const bucket = wordOf(states, base + stateAt.hash) & this.#bucketMask
    let before = wordOf(buckets, bucket)
    if (before === state) {
      buckets[bucket] = next
      return
    }
    while (wordOf(states, before * stateWords + stateAt.next) !== state) {
      before = wordOf(states, before * stateWords + stateAt.next)
    }
    states[before * stateWords + stateAt.next] = next
  }

  *#walk(): Iterable<readonly [number, number]> {
    const end = this.#freshState()
    for (let from = 1; from < end; from += walkedPerLock) {
      yield [from, Math.min(end, from + walkedPerLock)]
    }
  }

  #locked<T>(work: () => T): T {
    this.lock()
    try {
      return work()
    } finally {
      this.unlock()
    }
  }

  #usedStates(from: number, to: number): StateView[] {
    const found: StateView[] = []
    for (let state = from; state < to; state += 1) {
      if (!this.#isHeld(state)) continue
      const usedCount = wordOf(this.#states, state * stateWords + stateAt.used)
      found.push({ key: this.#keyOf(state), usedCount })
    }
    return found
  }

  #imbalanceOf(from: number, to: number): number {
    let sum = 0
    for (let state = from; state < to; state += 1) {
      if (!this.#isHeld(state)) continue
      let difference = wordOf(this.#states, state * stateWords + stateAt.used)
      for (const ledger of this.#views.ledgers) difference -= wordOf(ledger, state)
      sum += Math.abs(difference)
    }
    return sum
  }

  /** Continuations and free states have nothing in any ledger. */
  #isHeld(state: number): boolean {
    for (const ledger of this.#views.ledgers) if (wordOf(ledger, state) > 0) return true
    return false
  }

  #freshState(): number {
    return Atomics.load(this.#views.head, headAt.freshState)
  }

  #keyOf(state: number): string {
    const base = state * stateWords
    const keyBytes = wordOf(this.#states, base + stateAt.keyBytes)
    const words = Int32Array.from({ length: (keyBytes + 3) >>> 2 }, (_, at) =>
      wordOf(this.#states, this.#keyWordAt(base, at)),
    )
    return Buffer.from(words.buffer, 0, keyBytes).toString()
  }
}

/** Keys of clients have 255 bytes at most (SEMANTICS S15); the name of a scope may be longer. */
function fittingKey(key: string): string {
  // No character takes more than three bytes.
  if (key.length * 3 <= keyBytesMax || Buffer.byteLength(key) <= keyBytesMax) return key
  return `sha256:${createHash('sha256').update(key).digest('base64url')}`
}
