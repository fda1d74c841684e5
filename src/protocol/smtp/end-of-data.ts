// Finds the end of a message body: CR LF dot CR LF and nothing that only looks like it.

const terminator = Buffer.from('\r\n.\r\n')
const carriageReturn = 0x0d
const lineFeed = 0x0a
const dot = 0x2e

/** The line end of the DATA command is the first half of an empty body's terminator. */
const afterLineEnd = 2

/**
 * One body, in any split. RFC 5321 4.1.1.4 allows no other end: a server that takes `LF . CR LF`
 * for one lets mail be smuggled, and a watch that did would be fooled into reading text as
 * commands.
 */
export class EndOfData {
  /** How many bytes of the terminator the input so far ends with. */
  #matched = afterLineEnd

  /** Where the body ends in these bytes (one past the terminator), or undefined: not yet. */
  scan(bytes: Buffer): number | undefined {
    let at = 0
    while (at < bytes.length && this.#matched > 0) {
      this.#matched = advance(this.#matched, bytes[at])
      at += 1
      if (this.#matched === terminator.length) return at
    }
    const found = bytes.indexOf(terminator, at)
    if (found >= 0) return found + terminator.length
    const tail = Math.max(at, bytes.length - terminator.length + 1)
    for (const byte of bytes.subarray(tail)) this.#matched = advance(this.#matched, byte)
    return undefined
  }
}

function advance(matched: number, byte: number | undefined): number {
  switch (byte) {
    case carriageReturn:
      return matched === 3 ? 4 : 1
    case lineFeed:
      return matched === 1 || matched === 4 ? matched + 1 : 0
    case dot:
      return matched === 2 ? 3 : 0
    default:
      return 0
  }
}
