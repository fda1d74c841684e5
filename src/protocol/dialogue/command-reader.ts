// Cuts what a client sends into commands, with a bound on one command and on what is kept.

import { assert } from '../../base/assert.ts'
import { ByteHold } from '../smtp/byte-hold.ts'

export type CommandReading =
  /** `bytes` end in LF and may share the chunk's memory. */
  | { readonly kind: 'command'; readonly bytes: Buffer }
  /** The bound is reached and no end in sight; `start` is what the client sent so far. */
  | { readonly kind: 'too_long'; readonly start: Buffer }

const noBytes: Buffer = Buffer.alloc(0)
const lineFeed = 0x0a

/**
 * A command ends at LF, with or without CR before it, as in freenginx. In IMAP it may go on behind
 * a literal: `extend` puts it back and says how many bytes to step over. A command and all its
 * literals must fit in `maxBytes` together.
 */
export class CommandReader {
  readonly #maxBytes: number
  readonly #held: ByteHold
  /** Pushed and not looked at before `#at`. */
  #chunk = noBytes
  #at = 0
  /** No line end counts before this many bytes of the command. */
  #literalEnd = 0

  constructor(options: { readonly maxBytes: number }) {
    assert(Number.isInteger(options.maxBytes) && options.maxBytes > 0, 'the buffer has a size')
    this.#maxBytes = options.maxBytes
    this.#held = new ByteHold(options)
  }

  /** Bytes kept now. Once `next` has answered undefined, they are less than the bound. */
  get heldBytes(): number {
    return this.#held.length + this.#chunk.length - this.#at
  }

  /** Adds bytes, once `next` has answered undefined to those before. */
  push(chunk: Buffer): void {
    assert(this.#at === this.#chunk.length, 'what was pushed before has been read')
    this.#chunk = chunk
    this.#at = 0
  }

  /** The next command, or undefined when more bytes are needed. */
  next(): CommandReading | undefined {
    const room = this.#maxBytes - this.#held.length
    const from = this.#at + Math.max(0, this.#literalEnd - this.#held.length)
    const end = this.#chunk.indexOf(lineFeed, from)
    const size = (end < 0 ? this.#chunk.length : end + 1) - this.#at
    const fragment = this.#chunk.subarray(this.#at, this.#at + Math.min(size, room))
    this.#at += size
    if (size > room || (end < 0 && size === room)) {
      return { kind: 'too_long', start: this.#complete(fragment) }
    }
    if (end >= 0) return { kind: 'command', bytes: this.#complete(fragment) }
    this.#held.push(fragment)
    this.#forgetChunk()
    return undefined
  }

  /** The command just cut goes on behind a literal; false when that cannot fit. */
  extend(command: Buffer, literalSizeBytes: number): boolean {
    assert(this.#held.length === 0, 'only the command just cut can go on')
    const literalEnd = command.length + literalSizeBytes
    // Its line end takes at least one byte more.
    if (literalEnd >= this.#maxBytes) return false
    this.#held.push(command)
    this.#literalEnd = literalEnd
    return true
  }

  /** Hands over every byte that is not part of a command cut so far, and forgets it. */
  takeRest(): Buffer {
    const rest = this.#complete(this.#chunk.subarray(this.#at))
    this.#forgetChunk()
    return rest
  }

  #complete(fragment: Buffer): Buffer {
    this.#literalEnd = 0
    if (this.#held.length === 0) return fragment
    return Buffer.concat([this.#held.take(), fragment])
  }

  #forgetChunk(): void {
    this.#chunk = noBytes
    this.#at = 0
  }
}
