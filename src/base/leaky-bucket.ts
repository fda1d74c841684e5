// A rate as a bucket that leaks: what was poured in counts until it has run out at the rate.

/** Bytes a second, and what flows freely before they count. */
export interface Rate {
  readonly bytesPerSecond: number
  readonly freeBytes: number
}

// What one second lets out may go at once (freenginx's burst): a short answer is not cut up, and
// the rate holds over every longer time.
const burstSeconds = 1

/** Lets at most `freeBytes + bytesPerSecond * (t + 1)` through in any `t` seconds from its start. */
export class LeakyBucket {
  readonly #rate: Rate
  /** Negative while free bytes are left, which do not run out. */
  #level: number
  #atMs: number

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate
    this.#level = -rate.freeBytes
    this.#atMs = nowMs
  }

  /** How many of the wanted bytes may go now; they count from here on. */
  take(wantedBytes: number, nowMs: number): number {
    const { bytesPerSecond } = this.#rate
    const leaked = (bytesPerSecond * (nowMs - this.#atMs)) / 1000
    this.#atMs = nowMs
    if (this.#level > 0) this.#level = Math.max(0, this.#level - leaked)
    const room = Math.floor(bytesPerSecond * burstSeconds - this.#level)
    const taken = Math.max(0, Math.min(wantedBytes, room))
    this.#level += taken
    return taken
  }
}
