// A bounded heap of bytes that wait: copied in, taken out whole.

const empty = Buffer.alloc(0)

/** Grows by doubling up to its bound, so that a client sending single bytes costs no more. */
export class ByteHold {
  readonly #maxBytes: number
  #bytes: Buffer = empty
  #length = 0

  constructor(options: { readonly maxBytes: number }) {
    this.#maxBytes = options.maxBytes
  }

  get length(): number {
    return this.#length
  }

  /** Copies the bytes in; false, and nothing changed, when they do not fit. */
  push(bytes: Buffer): boolean {
    const length = this.#length + bytes.length
    if (length > this.#maxBytes) return false
    if (length > this.#bytes.length) this.#grow(length)
    bytes.copy(this.#bytes, this.#length)
    this.#length = length
    return true
  }

  /** Everything held; the hold is empty afterwards and keeps no memory. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length)
    this.#bytes = empty
    this.#length = 0
    return bytes
  }

  #grow(length: number): void {
    const size = Math.min(this.#maxBytes, Math.max(length, this.#bytes.length * 2))
    const grown = Buffer.allocUnsafe(size)
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}
