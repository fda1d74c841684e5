import { describe, expect, it } from 'vitest'
import { hashOf, KeyBuffer, keyBytesMax } from './key-hash.ts'

function hash(key: string, seed0 = 1, seed1 = 2): number {
  const buffer = new KeyBuffer()
  buffer.load(key)
  return hashOf(buffer, seed0, seed1)
}

describe('the hash of a key', () => {
  it('depends on every byte, on the length, and on the secret', () => {
    const keys = ['', 'a', 'b', 'ab', 'ba', 'a\0', 'a\0\0\0\0', 'x'.repeat(255), 'é', 'é!']
    expect(new Set(keys.map((key) => hash(key))).size).toBe(keys.length)
    expect(hash('a', 1, 2)).not.toBe(hash('a', 1, 3))
    expect(hash('a', 1, 2)).not.toBe(hash('a', 2, 2))
  })

  it('spreads keys that differ little evenly', () => {
    const buckets = Array.from({ length: 64 }, () => 0)
    for (let at = 0; at < 6400; at += 1) {
      const bucket = hash(`10.0.${at >> 8}.${at & 255}`) & 63
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    // 100 each on average; chance alone goes beyond these about once in ten thousand such tests.
    expect(Math.min(...buckets)).toBeGreaterThan(55)
    expect(Math.max(...buckets)).toBeLessThan(150)
  })

  it('is taken of the UTF-8 bytes', () => {
    const buffer = new KeyBuffer()
    buffer.load('é€')
    expect(buffer.byteLength).toBe(5)
    buffer.load('a'.repeat(keyBytesMax))
    expect(buffer.byteLength).toBe(keyBytesMax)
    // Wherever in a word it stands, and whatever was there before.
    for (const odd of ['é', 'Ł', '€', '😀']) {
      for (let at = 0; at < 9; at += 1) {
        const key = `${'a'.repeat(at)}${odd}${'b'.repeat(8 - at)}`
        const bytes = Buffer.from(key)
        buffer.load('~'.repeat(40))
        buffer.load(key)
        expect(buffer.byteLength).toBe(bytes.length)
        const padded = Buffer.alloc(buffer.wordCount * 4)
        bytes.copy(padded)
        const words = Array.from({ length: buffer.wordCount }, (_, i) => padded.readInt32LE(i * 4))
        expect([...buffer.words.subarray(0, buffer.wordCount)]).toEqual(words)
      }
    }
    expect(() => buffer.load('é'.repeat(keyBytesMax))).toThrow('longer than a state holds')
  })
})
