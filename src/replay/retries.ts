// Clients that were refused and try again: which refused connections are one and the same wish.

/** Addresses remembered; with more of them the oldest are forgotten, and count anew. */
const clientsMax = 1_000_000

export class Retries {
  readonly #withinMs: number
  /** In the order they came, so the oldest stand first. */
  readonly #untilMs = new Map<string, number>()

  constructor(withinMs: number) {
    this.#withinMs = withinMs
  }

  /** True when this client was refused here no longer ago than that, and notes that it is now. */
  isRetry(listenId: string, client: string, nowMs: number): boolean {
    if (this.#withinMs === 0) return false
    const key = `${listenId} ${client}`
    const untilMs = this.#untilMs.get(key)
    this.#untilMs.delete(key)
    this.#untilMs.set(key, nowMs + this.#withinMs)
    if (this.#untilMs.size > clientsMax) {
      const [oldest] = this.#untilMs.keys()
      if (oldest !== undefined) this.#untilMs.delete(oldest)
    }
    return untilMs !== undefined && nowMs <= untilMs
  }
}
