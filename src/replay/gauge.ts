// How full the fullest of some budgets is, and was: its peak, when, and whose.

import { Series } from './series.ts'

export class Gauge {
  peak = 0
  peakAtMs = 0
  peakKey = ''
  readonly series: Series = new Series()
  /** How many budgets hold so many; absent where there is only one. */
  readonly #keysWith: number[] | undefined
  #max = 0

  constructor({ hasManyKeys }: { readonly hasManyKeys: boolean }) {
    this.#keysWith = hasManyKeys ? [] : undefined
  }

  /** One budget went from `before` to `after`, which differ by one. */
  note(atMs: number, key: string, before: number, after: number): void {
    if (after > this.peak) {
      this.peak = after
      this.peakAtMs = atMs
      this.peakKey = key
    }
    this.series.note(atMs, this.#keysWith === undefined ? after : this.#fullest(before, after))
  }

  #fullest(before: number, after: number): number {
    const counts = this.#keysWith ?? []
    if (before > 0) counts[before] = (counts[before] ?? 0) - 1
    counts[after] = (counts[after] ?? 0) + 1
    if (after > this.#max) this.#max = after
    while (this.#max > 0 && (counts[this.#max] ?? 0) === 0) this.#max -= 1
    return this.#max
  }
}
