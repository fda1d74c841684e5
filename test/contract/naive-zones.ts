// The oracle: zones as a plain list of holders. Slow, and too simple to be wrong.

import type { BudgetRequest, OpenZones, Outcome, ZoneSpec } from './zone-suite.ts'

type Held = readonly { readonly zone: string; readonly key: string }[]

export class NaiveZones implements OpenZones {
  readonly #specs: readonly ZoneSpec[]
  #holders: Held[] = []

  constructor(specs: readonly ZoneSpec[]) {
    this.#specs = specs
  }

  acquire(requests: readonly BudgetRequest[]): Outcome {
    const usedCounts = requests.map(({ zone, key }) => this.usedCount(zone, key))
    const exhausted = this.#exhausted(requests)
    const isOver = (index: number): boolean => {
      const cap = requests[index]?.capMax
      return exhausted.has(index) || (cap !== undefined && (usedCounts[index] ?? 0) >= cap)
    }
    const refusedBy = requests.findIndex((request, i) => isOver(i) && request.isDryRun !== true)
    if (refusedBy >= 0) {
      const isExhausted = exhausted.has(refusedBy)
      return isExhausted ? { refusedBy, isExhausted, usedCounts } : { refusedBy, usedCounts }
    }
    const holder: Held = requests.filter((_, index) => !exhausted.has(index))
    this.#holders.push(holder)
    return { usedCounts, holder }
  }

  exchange(holder: unknown, requests: readonly BudgetRequest[]): Outcome {
    this.release(holder)
    return this.acquire(requests)
  }

  release(holder: unknown): void {
    this.#holders = this.#holders.filter((candidate) => candidate !== holder)
  }

  usedCount(zone: string, key: string): number {
    return this.#keys(zone).filter((other) => other === key).length
  }

  statesUsed(zone: string): number {
    return new Set(this.#keys(zone)).size
  }

  close(): void {}

  /** Indexes of requests whose state finds no room, in order: an earlier request takes its room first. */
  #exhausted(requests: readonly BudgetRequest[]): Set<number> {
    const exhausted = new Set<number>()
    const made = new Map<string, Set<string>>()
    for (const [index, { zone, key }] of requests.entries()) {
      const keys = made.get(zone) ?? new Set(this.#keys(zone))
      made.set(zone, keys)
      if (keys.has(key)) continue
      const size = this.#specs.find((spec) => spec.name === zone)?.sizeBytes ?? Infinity
      const used = [...keys].reduce((sum, other) => sum + bytesOf(other), 0)
      if (used + bytesOf(key) > size) exhausted.add(index)
      else keys.add(key)
    }
    return exhausted
  }

  #keys(zone: string): string[] {
    return this.#holders.flat().flatMap((held) => (held.zone === zone ? [held.key] : []))
  }
}

/** SEMANTICS S16, written out again so that the suite does not believe the code it tests. */
function bytesOf(key: string): number {
  if (key.length <= 28) return 64
  if (key.length <= 92) return 128
  return key.length <= 220 ? 256 : 512
}
