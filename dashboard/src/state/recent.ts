// How much a total has grown lately, from the last answers of the gate.

interface Sample {
  readonly atMs: number
  readonly total: number
}

/** So far back "now" reaches. */
const windowMs = 60_000
/** One answer every two seconds in that time, and some to spare. */
const samplesMax = 64

export interface Growth {
  readonly count: number
  /** In so long: a minute, or since this page was opened. */
  readonly ms: number
}

export class Recent {
  #samples: readonly Sample[] = []

  add(atMs: number, total: number): void {
    const last = this.#samples.at(-1)
    // A smaller total is another daemon: what was before says nothing about it.
    const isOther = last !== undefined && total < last.total
    const kept = isOther ? [] : this.#samples.filter((one) => atMs - one.atMs <= windowMs)
    this.#samples = [...kept.slice(1 - samplesMax), { atMs, total }]
  }

  /** Absent before two answers. */
  get growth(): Growth | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined
    return { count: last.total - first.total, ms: last.atMs - first.atMs }
  }
}
