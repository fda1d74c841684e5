// Keys as words of bytes, and their hash. Clients choose keys, and must not be able to choose keys
// that collide: the hash is HalfSipHash-1-3 under a secret of the zone (J.-P. Aumasson, D. J.
// Bernstein, SipHash).

import { assert } from '../base/assert.ts'

/** As much as a state and its continuations hold; longer keys are counted under a digest. */
export const keyBytesMax: number = 28 + 4 * 64

/** One key at a time, as bytes padded with zeros to whole words. */
export class KeyBuffer {
  readonly #bytes = new Uint8Array(keyBytesMax + 4)
  readonly words: Int32Array<ArrayBuffer> = new Int32Array(this.#bytes.buffer, 0, keyBytesMax / 4)
  readonly #encoder = new TextEncoder()
  byteLength = 0
  wordCount = 0

  load(key: string): void {
    const { length } = key
    if (length > keyBytesMax || !this.#pack(key, length)) {
      this.#encode(key)
      return
    }
    this.byteLength = length
    this.wordCount = (length + 3) >>> 2
  }

  /** Most keys are ASCII, one byte for each character: four at a time. False: this one is not. */
  #pack(key: string, length: number): boolean {
    const { words } = this
    const wholeEnd = length & ~3
    let seen = 0
    let at = 0
    for (; at < wholeEnd; at += 4) {
      const a = key.charCodeAt(at)
      const b = key.charCodeAt(at + 1)
      const c = key.charCodeAt(at + 2)
      const d = key.charCodeAt(at + 3)
      seen |= a | b | c | d
      words[at >>> 2] = a | (b << 8) | (c << 16) | (d << 24)
    }
    if (at < length) {
      let last = 0
      for (let shift = 0; at < length; at += 1, shift += 8) {
        const code = key.charCodeAt(at)
        seen |= code
        last |= code << shift
      }
      words[wholeEnd >>> 2] = last
    }
    return seen <= 0x7f
  }

  #encode(key: string): void {
    const bytes = this.#bytes
    const { read, written } = this.#encoder.encodeInto(key, bytes.subarray(0, keyBytesMax))
    assert(read === key.length, 'a key longer than a state holds')
    bytes.fill(0, written, written + 3)
    this.byteLength = written
    this.wordCount = (written + 3) >>> 2
  }
}

/** HalfSipHash-1-3 of the loaded key, 32 bits. */
export function hashOf(key: KeyBuffer, seed0: number, seed1: number): number {
  const { words, wordCount, byteLength } = key
  let v0 = seed0
  let v1 = seed1
  let v2 = 0x6c79_6765 ^ seed0
  let v3 = 0x7465_6462 ^ seed1
  // The words, the length, and three rounds more. Written out: calls would be half of the time.
  for (let at = 0; at < wordCount + 4; at += 1) {
    const word = at < wordCount ? (words[at] ?? 0) : at === wordCount ? byteLength << 24 : 0
    if (at === wordCount + 1) v2 ^= 0xff
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  return v1 ^ v3
}
