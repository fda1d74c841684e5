// Reads the fields of the commonest lines without making a list of them: half of what a replay takes
// would be JSON. Whatever does not look as a recorder writes it is left to JSON.

const quote = 0x22
const comma = 0x2c
const zero = 0x30
const nine = 0x39
const backslash = 0x5c
const bracket = 0x5d
const space = 0x20
/** Of a safe integer with digits to spare. */
const digitsMax = 15

/** A reader of one line after the other; `isGood` says whether all fields were what was asked for. */
export class FastFields {
  #block = ''
  #at = 0
  #end = 0
  isGood = true

  /** The line from `start` to `end`; answers the code of its letter, or 0. */
  begin(block: string, start: number, end: number): number {
    this.#block = block
    this.#end = end
    this.#at = start + 4
    this.isGood = block.charCodeAt(start + 1) === quote && block.charCodeAt(start + 3) === quote
    return this.isGood ? block.charCodeAt(start + 2) : 0
  }

  count(): number {
    const block = this.#block
    let at = this.#at
    if (block.charCodeAt(at) !== comma) return this.#fail()
    at += 1
    const first = at
    let value = 0
    for (;;) {
      const code = block.charCodeAt(at)
      if (code < zero || code > nine || Number.isNaN(code)) break
      value = value * 10 + (code - zero)
      at += 1
    }
    const digits = at - first
    const hasLeadingZero = digits > 1 && block.charCodeAt(first) === zero
    if (digits === 0 || digits > digitsMax || hasLeadingZero) return this.#fail()
    this.#at = at
    return value
  }

  text(): string {
    const block = this.#block
    const first = this.#at + 2
    if (block.charCodeAt(this.#at) !== comma || block.charCodeAt(first - 1) !== quote) {
      this.#fail()
      return ''
    }
    let at = first
    for (; at < this.#end; at += 1) {
      const code = block.charCodeAt(at)
      if (code === quote) break
      if (code === backslash || code < space) {
        this.#fail()
        return ''
      }
    }
    this.#at = at + 1
    return block.slice(first, at)
  }

  /** True when nothing is left of the line. */
  isAtEnd(): boolean {
    return this.isGood && this.#at + 1 === this.#end && this.#block.charCodeAt(this.#at) === bracket
  }

  #fail(): number {
    this.isGood = false
    return 0
  }
}
