// Cuts a byte stream into lines without changing a byte, and without keeping an over-long one.

import { ByteHold } from './byte-hold.ts'

const lineFeed = 0x0a

/** A whole line has both marks; an over-long one comes as a start, perhaps middles, and an end. */
export interface LinePiece {
  /** The original bytes, the line ending included. */
  readonly bytes: Buffer
  readonly isStart: boolean
  readonly isEnd: boolean
  /** The input behind this piece. */
  readonly rest: Buffer
}

/**
 * A line ends at LF, with or without CR before it, since mail servers accept both. The piece that
 * starts an over-long line always has exactly `maxBytes`, however the input was split.
 */
export class LineCutter {
  readonly #maxBytes: number
  readonly #partial: ByteHold
  #isInsideLongLine = false

  constructor(options: { readonly maxBytes: number }) {
    this.#maxBytes = options.maxBytes
    this.#partial = new ByteHold(options)
  }

  /** Bytes of an unfinished line that are kept here. */
  get partialBytes(): number {
    return this.#partial.length
  }

  /** The next piece, or undefined when the whole input was kept as part of an unfinished line. */
  cut(input: Buffer): LinePiece | undefined {
    const end = input.indexOf(lineFeed) + 1
    const size = end === 0 ? input.length : end
    if (this.#isInsideLongLine) {
      this.#isInsideLongLine = end === 0
      return { ...split(input, size), isStart: false, isEnd: end !== 0 }
    }
    const room = this.#maxBytes - this.#partial.length
    if (size > room) {
      this.#isInsideLongLine = true
      return { ...this.#complete(split(input, room)), isStart: true, isEnd: false }
    }
    if (end === 0) {
      this.#partial.push(input)
      return undefined
    }
    return { ...this.#complete(split(input, size)), isStart: true, isEnd: true }
  }

  /** The unfinished line; the cutter forgets it. */
  takePartial(): Buffer {
    return this.#partial.take()
  }

  /** Makes the next input the start of a line: for a caller that puts a start piece back. */
  restart(): void {
    this.#isInsideLongLine = false
  }

  #complete(piece: { readonly bytes: Buffer; readonly rest: Buffer }): typeof piece {
    if (this.#partial.length === 0) return piece
    this.#partial.push(piece.bytes)
    return { bytes: this.#partial.take(), rest: piece.rest }
  }
}

function split(input: Buffer, size: number): { readonly bytes: Buffer; readonly rest: Buffer } {
  return { bytes: input.subarray(0, size), rest: input.subarray(size) }
}
