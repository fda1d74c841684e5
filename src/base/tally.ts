// What one thread has done so far: numbers that only grow. In shared memory they outlive the thread,
// and whoever takes its place goes on from there.

const admittedAt = 0
const refusedAt = 1
const fromClientsAt = 2
const fromUpstreamsAt = 3
const count = 4

/** One thread counts; another may read once it has ended. Exact up to 2^53. */
export class Tally {
  readonly #counts: Float64Array

  constructor(memory: ArrayBufferLike = new ArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT)) {
    this.#counts = new Float64Array(memory)
  }

  /** Memory for one, which threads can share. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT)
  }

  get admittedTotal(): number {
    return this.#counts[admittedAt] ?? 0
  }

  get refusedTotal(): number {
    return this.#counts[refusedAt] ?? 0
  }

  get bytesFromClients(): number {
    return this.#counts[fromClientsAt] ?? 0
  }

  get bytesFromUpstreams(): number {
    return this.#counts[fromUpstreamsAt] ?? 0
  }

  admit(): void {
    this.#add(admittedAt, 1)
  }

  refuse(): void {
    this.#add(refusedAt, 1)
  }

  countFromClient(bytes: number): void {
    this.#add(fromClientsAt, bytes)
  }

  countFromUpstream(bytes: number): void {
    this.#add(fromUpstreamsAt, bytes)
  }

  #add(at: number, more: number): void {
    this.#counts[at] = (this.#counts[at] ?? 0) + more
  }
}
