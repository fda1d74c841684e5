// A short lock in memory that threads share: held for well under a microsecond, so waiting for it
// begins with spinning. It knows who holds it, so that the lock of a dead thread can be broken.

import { assert } from '../base/assert.ts'

/** Whoever repairs a zone: the thread that starts and buries the workers. */
export const repairOwner = -1

const free = 0
/** Some 2 µs. A holder that still has the lock then was put off its core, and is waited for. */
const spinCount = 100
/** A wake-up is never missed; should one be, this is how long it is noticed late. */
const napMs = 5

/** Two words: the owner, and how many wait. */
export const lockWords = 2

export class SharedLock {
  readonly #words: Int32Array
  readonly #at: number
  readonly #owner: number

  /** `owner` is the worker's number, from 1, or `repairOwner`. */
  constructor(words: Int32Array, at: number, owner: number) {
    assert(owner !== free, 'owner 0 means that a lock is free')
    this.#words = words
    this.#at = at
    this.#owner = owner
  }

  acquire(): void {
    for (let tries = 0; tries < spinCount; tries += 1) if (this.#try()) return
    this.#wait(Number.POSITIVE_INFINITY)
  }

  /** As `acquire`, for at most about `limitMs`; false when it was in vain. */
  acquireWithin(limitMs: number): boolean {
    return this.#try() || this.#wait(limitMs)
  }

  /** Takes the lock from an owner that does not run any more; false when it does not hold it. */
  takeFrom(deadOwner: number): boolean {
    const { compareExchange } = Atomics
    return compareExchange(this.#words, this.#at, deadOwner, this.#owner) === deadOwner
  }

  release(): void {
    const owner = Atomics.exchange(this.#words, this.#at, free)
    assert(owner === this.#owner, 'a lock is released by who holds it')
    if (Atomics.load(this.#words, this.#at + 1) > 0) Atomics.notify(this.#words, this.#at, 1)
  }

  #try(): boolean {
    return Atomics.compareExchange(this.#words, this.#at, free, this.#owner) === free
  }

  #wait(limitMs: number): boolean {
    Atomics.add(this.#words, this.#at + 1, 1)
    try {
      for (let waitedMs = 0; waitedMs < limitMs; waitedMs += napMs) {
        const owner = Atomics.load(this.#words, this.#at)
        // Sleeps only while that owner holds it: a release in between is seen.
        if (owner !== free) Atomics.wait(this.#words, this.#at, owner, napMs)
        if (this.#try()) return true
      }
      return false
    } finally {
      Atomics.sub(this.#words, this.#at + 1, 1)
    }
  }
}
