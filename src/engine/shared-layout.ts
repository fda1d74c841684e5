// How a zone lies in shared memory: head, buckets, states of 64 bytes, and per worker a ledger.
//
//   head (128 bytes) │ buckets: first state of a chain │ states │ ledger of worker 1 │ 2 │ …
//
// A ledger has one count per state: what its worker holds there. The counts of the ledgers are the
// truth; everything else (totals, chains, free list) can be made again from them and from the keys,
// wherever a thread was when it died (shared-repair.ts).

import { randomBytes } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { lockWords } from './shared-lock.ts'

/** What is posted to a thread so that it can join in. */
export interface SharedZoneMemory {
  readonly name: string
  readonly memory: SharedArrayBuffer
}

export interface SharedZoneSpec {
  readonly name: string
  /** For states; buckets and ledgers come on top: 8 bytes, and 4 per worker, for each 64. */
  readonly sizeBytes: number
  readonly workerCount: number
}

const stateSize = 64
export const stateWords: number = stateSize / 4

/** Words of a state. Its key has the rest, 28 bytes, and up to four whole states after that. */
export const stateAt = {
  used: 0,
  hash: 1,
  /** The next state of the chain, or of the free list; 0 ends it. States count from 1. */
  next: 2,
  keyBytes: 3,
  /** Which making of the state this is; 0 when it is free. */
  stamp: 4,
  continuations: 5,
  key: 9,
} as const

export const continuationsMax = 4
export const firstKeyWords: number = stateWords - stateAt.key

/** Words of the head. The lock has a cache line of its own. */
export const headAt = {
  lock: 0,
  capacity: 16,
  bucketMask: 17,
  workerCount: 18,
  seed0: 19,
  seed1: 20,
  /** States above this one were never used. */
  freshState: 21,
  /** First of the states that were used and are free again. */
  freeState: 22,
  statesUsed: 23,
  /** In states of 64 bytes, as SEMANTICS S16 charges them. */
  unitsUsed: 24,
  unitsTotal: 25,
  lastStamp: 26,
} as const

const headWords = 32
/** Some 2 GB of states, and far from where 32 bits end. */
const capacityMax = 1 << 25

/** Views of one zone's memory. */
export interface SharedViews {
  readonly head: Int32Array
  readonly buckets: Int32Array
  /** State s begins at word `s * stateWords`; state 0 is never used. */
  readonly states: Int32Array
  /** Of worker w, from 1, at `w - 1`. */
  readonly ledgers: readonly Int32Array[]
}

/** Memory for a zone. Pages that are never used cost nothing: they are not even filled. */
export function createSharedMemory(spec: SharedZoneSpec): SharedZoneMemory {
  const unitsTotal = Math.floor(spec.sizeBytes / stateSize)
  const capacity = unitsTotal + 1
  assert(capacity <= capacityMax, `zone "${spec.name}" is too large`)
  assert(spec.workerCount >= 1, 'a zone without workers')
  const bucketCount = 2 ** Math.ceil(Math.log2(capacity))
  const words = headWords + bucketCount + capacity * (stateWords + spec.workerCount)
  const memory = new SharedArrayBuffer(words * 4)
  const head = new Int32Array(memory, 0, headWords)
  const seed = randomBytes(8)
  head[headAt.capacity] = capacity
  head[headAt.bucketMask] = bucketCount - 1
  head[headAt.workerCount] = spec.workerCount
  head[headAt.seed0] = seed.readInt32LE(0)
  head[headAt.seed1] = seed.readInt32LE(4)
  head[headAt.freshState] = 1
  head[headAt.unitsTotal] = unitsTotal
  return { name: spec.name, memory }
}

export function viewsOf(memory: SharedArrayBuffer): SharedViews {
  const head = new Int32Array(memory, 0, headWords)
  const capacity = wordOf(head, headAt.capacity)
  const bucketCount = wordOf(head, headAt.bucketMask) + 1
  const statesAt = headWords + bucketCount
  const ledgersAt = statesAt + capacity * stateWords
  const workerCount = wordOf(head, headAt.workerCount)
  assert(lockWords <= headAt.capacity, 'the lock has room before the other words')
  return {
    head,
    buckets: new Int32Array(memory, headWords * 4, bucketCount),
    states: new Int32Array(memory, statesAt * 4, capacity * stateWords),
    ledgers: Array.from(
      { length: workerCount },
      (_, index) => new Int32Array(memory, (ledgersAt + index * capacity) * 4, capacity),
    ),
  }
}

/** A word that is there. */
export function wordOf(words: Int32Array, at: number): number {
  const word = words[at]
  assert(word !== undefined, 'a word outside the zone')
  return word
}

/** Whole states that hold the key's bytes after the first 28. */
export function continuationCount(keyBytes: number): number {
  return Math.max(0, Math.ceil((keyBytes - firstKeyWords * 4) / stateSize))
}
