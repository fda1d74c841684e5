// Where the workers of a host meet during a reload. Each arrives with its sessions counted in the new
// zones and stands still until all have; so there is no instant at which some count by one policy and
// some by another, and none in which a session is counted nowhere (SEMANTICS S5, S19).

import { assert } from '../../base/assert.ts'

const outcomeAt = 0
const arrivedAt = 1
const flagsAt = 2

const undecided = 0
const agreed = 1
const calledOff = 2

/**
 * How long a worker stands still for the others. They come as soon as their turn of the event loop
 * ends and their sessions are counted: tens of milliseconds for ten thousand.
 */
const waitMs = 5000

/** A barrier for some of the workers, in memory they share. */
export class Barrier {
  readonly words: Int32Array
  readonly #expected: number

  constructor(words: Int32Array, expected: number) {
    assert(expected >= 1, 'a barrier that nobody is expected at')
    this.words = words
    this.#expected = expected
  }

  static memory(workerCount: number): Int32Array {
    return new Int32Array(new SharedArrayBuffer((flagsAt + workerCount) * 4))
  }

  get isAgreed(): boolean {
    return Atomics.load(this.words, outcomeAt) === agreed
  }

  /** Called by worker `worker` (from 1). Blocks; true when everybody came. */
  arrive(worker: number): boolean {
    this.#markArrived(worker)
    const { words } = this
    const untilMs = Date.now() + waitMs
    while (Atomics.load(words, outcomeAt) === undecided) {
      const leftMs = untilMs - Date.now()
      if (leftMs <= 0) this.callOff()
      else Atomics.wait(words, outcomeAt, undecided, leftMs)
    }
    return this.isAgreed
  }

  /** A worker that does not live any more holds nobody up. */
  excuse(worker: number): void {
    this.#markArrived(worker)
  }

  /** Has no effect once everybody came. */
  callOff(): void {
    this.#decide(calledOff)
  }

  #markArrived(worker: number): void {
    if (Atomics.exchange(this.words, flagsAt + worker - 1, 1) === 1) return
    if (Atomics.add(this.words, arrivedAt, 1) + 1 === this.#expected) this.#decide(agreed)
  }

  /** The first decision stands, for everybody. */
  #decide(outcome: number): void {
    Atomics.compareExchange(this.words, outcomeAt, undecided, outcome)
    Atomics.notify(this.words, outcomeAt)
  }
}
