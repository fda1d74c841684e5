// Puts the events of several workers into the one order in which they were decided.
//
// Each worker says its events in order, and now and then how far it has got. What lies before the
// point that all workers have passed is complete, and sorted it is the order of the whole.

import type { EventView } from '../engine/event-view.ts'

/** How far a worker has got (`sync` of the control socket). */
export interface Progress {
  readonly worker: number
  readonly upTo: number
}

/**
 * Events that wait for a worker that says nothing: some 200 MB. Beyond that they are passed on in
 * the order there is.
 */
const waitingMax = 1_000_000

export class EventMerger {
  readonly #onEvent: (event: EventView) => void
  /** How far each worker is that has begun. */
  readonly #upTo = new Map<number, number>()
  readonly #workerCount: number
  /**
   * Events that wait for other workers. When nothing more comes they are dropped: what stands
   * between them is not known, so they would not add up.
   */
  #waiting: EventView[] = []
  /** The last place at which a worker said which sessions it had. */
  #beganAt = 0
  #isBegun = false

  constructor(workerCount: number, onEvent: (event: EventView) => void) {
    this.#workerCount = workerCount
    this.#onEvent = onEvent
  }

  /** True once every worker has said which sessions it had. */
  get isBegun(): boolean {
    return this.#isBegun
  }

  event(event: EventView): void {
    if (event.event === 'all_lost') {
      this.#restart(event)
      return
    }
    if (event.event === 'began') {
      this.#upTo.set(event.worker, event.order - 1)
      this.#beganAt = Math.max(this.#beganAt, event.order)
    }
    // Whatever a worker says before it begins is about sessions that it will name then.
    if (event.worker !== 0 && !this.#upTo.has(event.worker)) return
    if (event.event === 'worker_lost') this.#upTo.delete(event.worker)
    this.#waiting.push(event)
    if (this.#waiting.length > waitingMax) this.#passOn(Infinity)
  }

  progress({ worker, upTo }: Progress): void {
    const known = this.#upTo.get(worker)
    if (known === undefined) return
    this.#upTo.set(worker, Math.max(known, upTo))
    const isWhole = this.#upTo.size === this.#workerCount
    const certain = Math.min(...this.#upTo.values())
    this.#isBegun ||= isWhole && certain >= this.#beganAt
    if (this.#isBegun) this.#passOn(certain)
  }

  /** The order begins anew, and so do all workers. */
  #restart(event: EventView): void {
    this.#waiting = []
    this.#upTo.clear()
    this.#beganAt = 0
    this.#isBegun = false
    this.#onEvent(event)
  }

  #passOn(upTo: number): void {
    const ready = this.#waiting.filter(({ order }) => order <= upTo)
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter(({ order }) => order > upTo)
    // Sorting is stable: what shares one place stays in the order its worker said it.
    for (const event of ready.toSorted((a, b) => a.order - b.order)) this.#onEvent(event)
  }
}
