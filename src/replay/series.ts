// The highest value in each of a few hundred spans of time, however long the whole becomes.

/** As many as a plot has room for, twice; a power of two, so that halving leaves no rest. */
const spanCount = 512
const firstSpanMs = 1

export class Series {
  #values = new Float64Array(spanCount)
  #spanMs = firstSpanMs
  #last = 0
  #current = 0
  readonly #isSum: boolean

  /** With `isSum` what is noted is added up; else the highest is kept, and a value holds on. */
  constructor({ isSum = false }: { readonly isSum?: boolean } = {}) {
    this.#isSum = isSum
  }

  note(atMs: number, value: number): void {
    const at = this.#reach(atMs)
    if (this.#isSum) {
      this.#values[at] = (this.#values[at] ?? 0) + value
      return
    }
    this.#current = value
    if (value > (this.#values[at] ?? 0)) this.#values[at] = value
  }

  /** Span in milliseconds, and one value for each up to `endMs`. */
  read(endMs: number): { readonly spanMs: number; readonly values: readonly number[] } {
    const last = this.#reach(endMs)
    return { spanMs: this.#spanMs, values: Array.from(this.#values.subarray(0, last + 1)) }
  }

  #reach(atMs: number): number {
    while (atMs >= this.#spanMs * spanCount) this.#halve()
    const at = Math.floor(atMs / this.#spanMs)
    while (this.#last < at) {
      this.#last += 1
      this.#values[this.#last] = this.#isSum ? 0 : this.#current
    }
    return Math.max(at, this.#last)
  }

  #halve(): void {
    const halved = new Float64Array(spanCount)
    for (let at = 0; at <= this.#last; at += 1) {
      const into = at >> 1
      const [one, other] = [halved[into] ?? 0, this.#values[at] ?? 0]
      halved[into] = this.#isSum ? one + other : Math.max(one, other)
    }
    this.#values = halved
    this.#last >>= 1
    this.#spanMs *= 2
  }
}
