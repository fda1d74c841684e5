// Replaces addresses and users, so that a trace can be given away and still be counted: equal ones
// stay equal, addresses of one network stay in one network, users of one domain in one domain.

import { createHmac } from 'node:crypto'
import { addressOfClient, parseAddress } from '../base/address.ts'
import type { HashedBits, TraceLogin, TraceText } from './trace.ts'

/** Enough that two users of a million do not become one. */
const nameLength = 16
/** Addresses and users come again and again; some 30 MB. */
const rememberedMax = 200_000

export class Pseudonyms {
  readonly #salt: Uint8Array
  readonly bits: HashedBits
  readonly #addresses = new Map<string, string>()
  readonly #users = new Map<string, string>()

  /** `bits` of an address stay as they are. */
  constructor(salt: Uint8Array, bits: HashedBits) {
    this.#salt = salt
    this.bits = bits
  }

  /** Prefix-preserving: two addresses agree in as many bits as before. */
  address(text: string): string {
    const address = text === 'unix' ? undefined : addressOfClient(text)
    if (address === undefined) return text
    return remember(this.#addresses, address.text, () => {
      const isIpv4 = address.family === 4
      const kept = isIpv4 ? this.bits.ipv4 : this.bits.ipv6
      const words = this.#scramble(address.words, kept, isIpv4 ? '4' : '6')
      return isIpv4 ? dotted(words[0] ?? 0) : grouped(words)
    })
  }

  login({ user, headers, isUnix }: TraceLogin): TraceLogin {
    return {
      ...(user === undefined ? {} : { user: this.#text(user, true) }),
      headers: headers.map(([name, value]) => [name, this.#text(value, false)] as const),
      isUnix,
    }
  }

  #text(value: TraceText, isUser: boolean): TraceText {
    const text = typeof value === 'string' ? value : `base64 ${value.base64}`
    return remember(this.#users, `${isUser ? 'u' : 'h'}${text}`, () => {
      const at = isUser ? text.lastIndexOf('@') : -1
      if (at < 0) return text === '' ? '' : this.#name(text)
      return `${this.#name(text.slice(0, at))}@${this.#name(text.slice(at + 1))}`
    })
  }

  /**
   * Names that differ in case only get hashes that differ in case only, so that a zone with
   * case=fold counts as it would.
   */
  #name(text: string): string {
    const lower = text.toUpperCase().toLowerCase()
    const hash = this.#digest('n', lower).toString('hex').slice(0, nameLength)
    if (text === lower) return hash
    const marks = this.#digest('c', text)
    const capitals = Array.from(hash, (letter, at) =>
      ((marks[at] ?? 0) & 1) === 1 ? letter.toUpperCase() : letter,
    ).join('')
    // All of its digits may be figures, which have no capitals: then the two spellings are one.
    return capitals === hash ? hash.toUpperCase() : capitals
  }

  /** Flips each bit behind the kept ones by a hash of all bits before it. */
  #scramble(words: readonly number[], kept: number, family: string): readonly number[] {
    const bits = words.map((word) => word.toString(2).padStart(32, '0')).join('')
    let scrambled = bits.slice(0, kept)
    for (let at = kept; at < bits.length; at += 1) {
      const flip = (this.#digest(family, bits.slice(0, at))[0] ?? 0) & 1
      scrambled += bits[at] === '1' ? 1 - flip : flip
    }
    return words.map((_, index) => Number.parseInt(scrambled.slice(index * 32, index * 32 + 32), 2))
  }

  #digest(kind: string, text: string): Buffer {
    return createHmac('sha256', this.#salt).update(`${kind}\0${text}`).digest()
  }
}

function remember(known: Map<string, string>, key: string, make: () => string): string {
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size >= rememberedMax) known.clear()
  const made = make()
  known.set(key, made)
  return made
}

function dotted(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.')
}

function grouped(words: readonly number[]): string {
  const groups = words.flatMap((word) => [(word >>> 16) & 0xffff, word & 0xffff])
  const text = groups.map((group) => group.toString(16)).join(':')
  return parseAddress(text)?.text ?? text
}
