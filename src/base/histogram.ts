// How long things took: counts by upper bound, in memory that may outlive the thread that counts.

/** Upper bounds in seconds, ascending. */
export type Bounds = readonly number[]

export interface HistogramValues {
  readonly bounds: Bounds
  /** So many were above the bound before and not above this one. What is above all is in `count`. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sumSeconds: number
}

/** One thread counts. Behind the counts of the buckets stand the count of all, and the sum. */
export class Histogram {
  readonly #bounds: Bounds
  readonly #numbers: Float64Array

  constructor(bounds: Bounds, numbers: Float64Array = new Float64Array(Histogram.length(bounds))) {
    this.#bounds = bounds
    this.#numbers = numbers
  }

  /** So many numbers one of them takes. */
  static length(bounds: Bounds): number {
    return bounds.length + 2
  }

  observe(seconds: number): void {
    const numbers = this.#numbers
    const { length } = this.#bounds
    for (let at = 0; at < length; at += 1) {
      if (seconds > (this.#bounds[at] ?? 0)) continue
      numbers[at] = (numbers[at] ?? 0) + 1
      break
    }
    numbers[length] = (numbers[length] ?? 0) + 1
    numbers[length + 1] = (numbers[length + 1] ?? 0) + seconds
  }

  values(): HistogramValues {
    const numbers = [...this.#numbers]
    const { length } = this.#bounds
    const [count = 0, sumSeconds = 0] = numbers.slice(length)
    return { bounds: this.#bounds, counts: numbers.slice(0, length), count, sumSeconds }
  }
}

/** Of the same bounds. */
export function addHistograms(one: HistogramValues, other: HistogramValues): HistogramValues {
  return {
    bounds: one.bounds,
    counts: one.counts.map((count, at) => count + (other.counts[at] ?? 0)),
    count: one.count + other.count,
    sumSeconds: one.sumSeconds + other.sumSeconds,
  }
}
