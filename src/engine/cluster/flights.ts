// Calls that are on their way to the store: how many, and for how long at most.

import type { Step } from './steps.ts'
import type { Timers } from './timers.ts'

/** A call of admit-n. */
export interface Flight {
  readonly steps: readonly Step[]
  /** How many ledgers it sums over. */
  readonly holderCount: number
}

/** The store did not answer in time; whether it did what it was asked nobody knows. */
export class NoAnswer extends Error {}

export class Flights {
  readonly #timers: Timers
  readonly #answerMs: number
  #count = 0

  constructor(timers: Timers, answerMs: number) {
    this.#timers = timers
    this.#answerMs = answerMs
  }

  get count(): number {
    return this.#count
  }

  /** As `answer`, but never later than `answerMs`; what comes after that is ignored. */
  run(answer: Promise<unknown>): Promise<unknown> {
    this.#count += 1
    return new Promise((resolve, reject) => {
      let isOver = false
      const land = (settle: () => void): void => {
        if (isOver) return
        isOver = true
        off()
        this.#count -= 1
        settle()
      }
      const off = this.#timers.after(this.#answerMs, () =>
        land(() => reject(new NoAnswer(`no answer within ${this.#answerMs} ms`))),
      )
      answer.then(
        (value) => land(() => resolve(value)),
        (error: unknown) =>
          land(() => reject(error instanceof Error ? error : new Error(String(error)))),
      )
    })
  }
}
