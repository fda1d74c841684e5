// How long sessions last, by Listen, without keeping every length: the first reading of a trace.

import type { TraceListen, TraceVisitor } from './trace.ts'

/** Lengths of one span differ by 2 percent; an hour is number 763. */
const base = 1.02
const logBase = Math.log(base)

class Lengths {
  readonly #counts: number[] = []
  #total = 0

  add(lengthMs: number): void {
    const at = Math.ceil(Math.log(Math.max(1, lengthMs)) / logBase)
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#total += 1
  }

  /** At most 2 percent too long. */
  median(): number | undefined {
    let left = this.#total / 2
    for (const [at, count] of this.#counts.entries()) {
      left -= count ?? 0
      if (left <= 0 && this.#total > 0) return Math.round(base ** at)
    }
    return undefined
  }
}

const ignore = (): void => {}

/** Notes the length of every session that ends in the trace. */
export class LengthScan implements TraceVisitor {
  readonly #ofListen = new Map<string, Lengths>()
  readonly #ofAll = new Lengths()
  refusedCount = 0

  header: () => void = ignore
  begin: () => void = ignore
  openAtStart: () => void = ignore
  started: () => void = ignore
  accepted: () => void = ignore
  opened: () => void = ignore
  authenticated: () => void = ignore
  replaced: () => void = ignore
  lost: () => void = ignore
  ended: () => void = ignore

  refused(): void {
    this.refusedCount += 1
  }

  closed(_atMs: number, _id: number, listen: TraceListen, lengthMs: number): void {
    let lengths = this.#ofListen.get(listen.id)
    if (lengths === undefined) {
      lengths = new Lengths()
      this.#ofListen.set(listen.id, lengths)
    }
    lengths.add(lengthMs)
    this.#ofAll.add(lengthMs)
  }

  /** The median of a Listen, or, where no session ended, of all. */
  medianMs(listenId: string): number | undefined {
    return this.#ofListen.get(listenId)?.median() ?? this.#ofAll.median()
  }
}
