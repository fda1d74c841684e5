// A budget of work for all that look at the gate together, so that nobody keeps it busy by looking:
// an answer costs what was looked at for it, and whoever has used up what there is waits a moment.

import type { Clock } from '../base/clock.ts'

/**
 * One unit is what a session on a page costs, some 5 to 10 µs: 4,000 a second are 2 to 4 percent of
 * a processor. All of 10,000 sessions can be read at once, and then again after some seconds.
 */
const unitsPerSecond = 4000
const unitsMax = 20_000
/** Of any request, whatever it answers: a hundred of them a second are all that goes. */
const requestUnits = 40
/** Walks over sessions, states and refusals at one time; more would only wait for each other. */
const walksMax = 4

export class WorkBudget {
  readonly #clock: Clock
  #units = unitsMax
  #atMs: number
  #walkCount = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#atMs = clock.monotonicMs()
  }

  /** False: all is used up; it may be asked again after a second. */
  admit(): boolean {
    const nowMs = this.#clock.monotonicMs()
    this.#units = Math.min(unitsMax, this.#units + ((nowMs - this.#atMs) * unitsPerSecond) / 1000)
    this.#atMs = nowMs
    if (this.#units <= 0) return false
    this.#units -= requestUnits
    return true
  }

  /** What the answer turned out to cost; may use up what is not there yet. */
  charge(itemCount: number): void {
    this.#units -= itemCount
  }

  /** Runs what walks over many things; undefined: enough of them run. */
  async walk<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#walkCount >= walksMax) return undefined
    this.#walkCount += 1
    try {
      return await work()
    } finally {
      this.#walkCount -= 1
    }
  }
}
