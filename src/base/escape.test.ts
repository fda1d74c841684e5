// Untrusted bytes in logs: what comes out is printable ASCII and bounded.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeText } from './escape.ts'

describe('escapeText', () => {
  it('leaves printable ASCII as it is, and escapes quotes and backslashes', () => {
    expect(escapeText('user@example.org ~!', 100)).toBe('user@example.org ~!')
    expect(escapeText('a"b\\c', 100)).toBe('a\\"b\\\\c')
  })

  it('writes every other byte as two hexadecimal digits', () => {
    expect(escapeText('a\r\n\0\x1b[31m\x7f', 100)).toBe('a\\x0D\\x0A\\x00\\x1B[31m\\x7F')
    expect(escapeText('é', 100)).toBe('\\xC3\\xA9')
    expect(escapeText(Buffer.from([0xe9, 0x41]), 100)).toBe('\\xE9A')
  })

  it('cuts a long text before an escape, never inside, and says so', () => {
    expect(escapeText('abcdef', 6)).toBe('abcdef')
    expect(escapeText('abcdefg', 6)).toBe('abc...')
    expect(escapeText('ab\0\0\0', 10)).toBe('ab\\x00...')
    expect(escapeText('ab\0\0\0', 8)).toBe('ab...')
    expect(escapeText('abcdef', 2)).toBe('..')
  })

  it('never answers with anything but printable ASCII within the bound', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.nat(80),
      (bytes, maxLength) => {
        const escaped = escapeText(bytes, maxLength)
        expect(escaped).toMatch(/^[ -~]*$/)
        expect(escaped.length).toBeLessThanOrEqual(maxLength)
      },
    )
    fc.assert(property)
  })

  it('can be read back when nothing was cut', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const escaped = escapeText(bytes, 1_000)
      const read = escaped.replaceAll(
        /\\(?:x(..)|(.))/g,
        (_, hex: string | undefined, same: string) =>
          hex === undefined ? same : String.fromCharCode(Number.parseInt(hex, 16)),
      )
      expect(Buffer.from(read, 'latin1')).toEqual(Buffer.from(bytes))
    })
    fc.assert(property)
  })
})
