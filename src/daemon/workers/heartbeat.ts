// How the host knows that a thread has turns: each turns a counter in memory they share, and a thread
// whose counter stands still hangs, in a loop without an end or in a call that does not come back.

/** A thread that has turns at all has one within this. */
const beatMs = 1000

/**
 * So many looks in a row without a turn between them. A turn of the event loop takes milliseconds;
 * a reload stands still for five seconds at most; twenty is a thread whose clients have all given
 * up.
 */
export const hangLooksMax = 20

export function heartbeatMemory(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** Called in the thread. */
export function beat(memory: Int32Array): void {
  const turn = (): void => void Atomics.add(memory, 0, 1)
  setInterval(turn, beatMs).unref()
}

/** Called in the host. Counts looks, not time: a machine that slept has not made anybody hang. */
export class HeartbeatWatch {
  readonly #memory: Int32Array
  #last = 0
  #stillCount = 0

  constructor(memory: Int32Array) {
    this.#memory = memory
  }

  /** To be called once for each `beatMs`; true when the thread hangs. */
  look(): boolean {
    const now = Atomics.load(this.#memory, 0)
    this.#stillCount = now === this.#last ? this.#stillCount + 1 : 0
    this.#last = now
    return this.#stillCount >= hangLooksMax
  }

  /** Another thread has the place. */
  reset(): void {
    this.#stillCount = 0
  }
}

/** Calls back once for each look that is due, until the process ends. */
export function everyLook(look: () => void): void {
  setInterval(look, beatMs).unref()
}
