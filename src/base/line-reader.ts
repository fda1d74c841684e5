// Splits a stream of bytes into lines, with a bound on the memory that a peer can make it hold.

import { assert } from './assert.ts'

/** `line` is without its line end. After `too_long` the reader goes on with the next line. */
export type LineResult =
  { readonly kind: 'line'; readonly line: Buffer } | { readonly kind: 'too_long' }

const noBytes: Buffer = Buffer.alloc(0)
const tooLong: LineResult = Object.freeze({ kind: 'too_long' })
const carriageReturn = 0x0d
const lineFeed = 0x0a
// What a first fragment reserves; most commands are shorter, so most lines need no second step.
const firstStorage = 64

/**
 * Lines end in CRLF or LF; any other byte, NUL and a lone CR included, is content. A line of more
 * than `maxBytes` bytes, its line end included, yields one `too_long` as soon as that is certain,
 * and the rest of it is dropped as it comes. Once `next` has answered undefined, what is held is an
 * unfinished line, shorter than `maxBytes`, in storage of its own.
 *
 * @example
 * const reader = new LineReader(512)
 * reader.push(chunk)
 * for (let result = reader.next(); result !== undefined; result = reader.next()) handle(result)
 */
export class LineReader {
  readonly #maxBytes: number
  /** Pushed and not looked at before `#at`. */
  #chunk = noBytes
  #at = 0
  /** The beginning of an unfinished line, in the first `#heldBytes` bytes. */
  #held = noBytes
  #heldBytes = 0
  #isDropping = false

  constructor(maxBytes: number) {
    assert(Number.isInteger(maxBytes) && maxBytes >= 2, 'a line has room for its line end')
    this.#maxBytes = maxBytes
  }

  /** Bytes held now. */
  get heldBytes(): number {
    return this.#heldBytes + this.#chunk.length - this.#at
  }

  /** Adds bytes. The chunk must not change until `next` has answered undefined. */
  push(chunk: Buffer): void {
    const isRead = this.#at === this.#chunk.length
    this.#chunk = isRead ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk])
    this.#at = 0
  }

  /**
   * The next line, or undefined when more bytes are needed. A line may share the chunk's memory.
   */
  next(): LineResult | undefined {
    const end = this.#chunk.indexOf(lineFeed, this.#at)
    if (this.#isDropping) {
      this.#at = end < 0 ? this.#chunk.length : end + 1
      if (end < 0) return this.#forgetChunk()
      this.#isDropping = false
      return this.next()
    }
    const fragmentBytes = (end < 0 ? this.#chunk.length : end + 1) - this.#at
    if (end < 0) return this.#keepFragment(fragmentBytes)
    const fragment = this.#chunk.subarray(this.#at, end + 1)
    this.#at = end + 1
    if (this.#heldBytes + fragmentBytes > this.#maxBytes) {
      this.#forgetHeld()
      return tooLong
    }
    return { kind: 'line', line: withoutLineEnd(this.#withHeld(fragment)) }
  }

  /** Hands over every byte that no line was made of, and forgets it. */
  takeRest(): Buffer {
    const rest = this.#withHeld(this.#chunk.subarray(this.#at))
    this.#forgetChunk()
    this.#isDropping = false
    return rest
  }

  /** No line end in sight: copies the fragment, so that a large chunk is not kept alive by it. */
  #keepFragment(fragmentBytes: number): LineResult | undefined {
    const needed = this.#heldBytes + fragmentBytes
    // Its line end takes at least one byte more.
    if (needed >= this.#maxBytes) {
      this.#isDropping = true
      this.#forgetHeld()
      this.#forgetChunk()
      return tooLong
    }
    if (needed > this.#held.length) {
      const doubled = Math.max(needed, this.#held.length * 2, firstStorage)
      const grown = Buffer.alloc(Math.min(doubled, this.#maxBytes))
      this.#held.copy(grown, 0, 0, this.#heldBytes)
      this.#held = grown
    }
    this.#chunk.copy(this.#held, this.#heldBytes, this.#at)
    this.#heldBytes = needed
    return this.#forgetChunk()
  }

  #withHeld(fragment: Buffer): Buffer {
    if (this.#heldBytes === 0) return fragment
    const whole = Buffer.concat([this.#held.subarray(0, this.#heldBytes), fragment])
    this.#forgetHeld()
    return whole
  }

  #forgetHeld(): void {
    this.#held = noBytes
    this.#heldBytes = 0
  }

  #forgetChunk(): undefined {
    this.#chunk = noBytes
    this.#at = 0
    return undefined
  }
}

function withoutLineEnd(line: Buffer): Buffer {
  const hasReturn = line.at(-2) === carriageReturn
  return line.subarray(0, line.length - (hasReturn ? 2 : 1))
}
