// What the sessions of this holder hold, by budget: what its ledger in the store must say.

import { assert } from '../../base/assert.ts'

export class HeldCounts {
  #counts = new Map<string, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  countOf(field: string): number {
    return this.#counts.get(field) ?? 0
  }

  add(field: string, change: number): void {
    const count = this.countOf(field) + change
    assert(count >= 0, 'slot of a cluster budget given back twice')
    if (count === 0) this.#counts.delete(field)
    else this.#counts.set(field, count)
    this.#total += change
  }

  addAll(fields: readonly string[], change: 1 | -1): void {
    for (const field of fields) this.add(field, change)
  }

  clear(): void {
    this.#counts = new Map()
    this.#total = 0
  }

  /** Sum over all budgets of |held - expected|. */
  differenceFrom(expected: ReadonlyMap<string, number>): number {
    let sum = 0
    for (const [field, count] of this.#counts) sum += Math.abs(count - (expected.get(field) ?? 0))
    for (const [field, count] of expected) if (!this.#counts.has(field)) sum += count
    return sum
  }

  entries(): Iterable<readonly [string, number]> {
    return this.#counts
  }
}
