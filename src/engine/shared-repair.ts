// Takes what a dead thread held out of a zone, exactly, wherever it was when it died: even half-way
// through a change, holding the lock.

import { headAt, stateAt, stateWords, viewsOf, wordOf } from './shared-layout.ts'
import { continuationCount } from './shared-layout.ts'
import type { SharedViews, SharedZoneMemory } from './shared-layout.ts'
import { repairOwner, SharedLock } from './shared-lock.ts'
import { stateBytesOf } from './state-size.ts'

/**
 * Every thread that lives gives the lock up within microseconds. One that does not is dead, too,
 * and its death will be reported.
 */
const lockWaitMs = 100

/**
 * Gives back every slot of a worker that does not run any more, and makes the zone whole again.
 * False, with nothing done, when another dead thread holds the lock: call it again once that one's
 * death is known.
 */
export function releaseDeadWorker(shared: SharedZoneMemory, worker: number): boolean {
  const views = viewsOf(shared.memory)
  const lock = new SharedLock(views.head, headAt.lock, repairOwner)
  if (!lock.takeFrom(worker) && !lock.acquireWithin(lockWaitMs)) return false
  try {
    views.ledgers[worker - 1]?.fill(0)
    rebuild(views)
  } finally {
    lock.release()
  }
  return true
}

/**
 * From the ledgers and the keys. A key is written before its state comes into a ledger, so a state
 * that somebody holds is whole.
 */
function rebuild(views: SharedViews): void {
  const { head, buckets, states } = views
  const end = wordOf(head, headAt.freshState)
  const isUsed = new Uint8Array(end)
  let unitsUsed = 0
  let statesUsed = 0
  buckets.fill(0)
  for (let state = 1; state < end; state += 1) {
    const heldCount = heldBy(views, state)
    if (heldCount === 0) continue
    const base = state * stateWords
    states[base + stateAt.used] = heldCount
    isUsed[state] = 1
    const keyBytes = wordOf(states, base + stateAt.keyBytes)
    for (let at = 0; at < continuationCount(keyBytes); at += 1) {
      isUsed[wordOf(states, base + stateAt.continuations + at)] = 1
    }
    const bucket = wordOf(states, base + stateAt.hash) & wordOf(head, headAt.bucketMask)
    states[base + stateAt.next] = wordOf(buckets, bucket)
    buckets[bucket] = state
    unitsUsed += stateBytesOf(keyBytes) / (stateWords * 4)
    statesUsed += 1
  }
  head[headAt.unitsUsed] = unitsUsed
  head[headAt.statesUsed] = statesUsed
  freeAllBut(views, isUsed)
}

function heldBy({ ledgers }: SharedViews, state: number): number {
  let sum = 0
  for (const ledger of ledgers) sum += wordOf(ledger, state)
  return sum
}

function freeAllBut({ head, states }: SharedViews, isUsed: Uint8Array): void {
  let free = 0
  for (let state = isUsed.length - 1; state >= 1; state -= 1) {
    if (isUsed[state] === 1) continue
    states[state * stateWords + stateAt.stamp] = 0
    states[state * stateWords + stateAt.next] = free
    free = state
  }
  head[headAt.freeState] = free
}
