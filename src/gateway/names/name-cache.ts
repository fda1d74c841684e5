// Names of clients that were looked up lately.

import type { FoundName } from './name-lookup.ts'

// As many clients as a busy gate sees in a few minutes; the names of all of them, at their longest,
// would stay below the bound of bytes only if they were short, so both are needed.
const entriesMax = 16_384
const bytesMax = 4_194_304
// What a Map keeps for an entry beside its texts, roughly.
const entryBytes = 200

interface Entry {
  readonly found: FoundName
  readonly untilMs: number
  readonly sizeBytes: number
}

/** Bounded in entries and in bytes: the oldest make room. */
export class NameCache {
  readonly #entries = new Map<string, Entry>()
  #sizeBytes = 0

  get size(): number {
    return this.#entries.size
  }

  get(key: string, nowMs: number): FoundName | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (nowMs < entry.untilMs) return entry.found
    this.#drop(key, entry)
    return undefined
  }

  put(key: string, found: FoundName, nowMs: number): void {
    const old = this.#entries.get(key)
    if (old !== undefined) this.#drop(key, old)
    if (found.keepMs <= 0) return
    const name = found.name.kind === 'known' ? found.name.name : ''
    const texts = key.length + name.length + (found.problem?.length ?? 0)
    // Two bytes a character are the most that an engine takes.
    const entry = { found, untilMs: nowMs + found.keepMs, sizeBytes: entryBytes + 2 * texts }
    this.#entries.set(key, entry)
    this.#sizeBytes += entry.sizeBytes
    for (const [oldest, { sizeBytes }] of this.#entries) {
      if (this.#entries.size <= entriesMax && this.#sizeBytes <= bytesMax) return
      this.#entries.delete(oldest)
      this.#sizeBytes -= sizeBytes
    }
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key)
    this.#sizeBytes -= entry.sizeBytes
  }
}
