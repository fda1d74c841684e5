// Only CR LF dot CR LF ends a body.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EndOfData } from './end-of-data.ts'

/** Where the body ends when it is given in these pieces, counted over all of them. */
function endOf(pieces: readonly string[]): number | undefined {
  const scanner = new EndOfData()
  let before = 0
  for (const piece of pieces) {
    const end = scanner.scan(Buffer.from(piece, 'latin1'))
    if (end !== undefined) return before + end
    before += piece.length
  }
  return undefined
}

/** The same by the plainest means: the DATA line's own ending counts as the first CR LF. */
function naiveEndOf(text: string): number | undefined {
  const index = `\r\n${text}`.indexOf('\r\n.\r\n')
  return index < 0 ? undefined : index + 3
}

describe('EndOfData', () => {
  const ends = ['.\r\n', 'a\r\n.\r\n', '\r\n.\r\n', 'a\r\n\r\n.\r\n', '\r\r\n.\r\n', '.\r\r\n.\r\n']
  it.each(ends)('finds the end of %j and nothing behind it', (body) => {
    expect(endOf([`${body}NOOP\r\n`])).toBe(body.length)
  })

  const lookAlikes = [
    'a\n.\r\n',
    'a\n.\n',
    'a\r\n.\n',
    'a\r.\r\n',
    'a\r\n.\r',
    'a\r\n..\r\n',
    'a\r\n.\r\r\n',
    'a\r\n .\r\n',
    'a.\r\n',
    'a\r\n.\0\r\n',
  ]
  it.each(lookAlikes)('does not take %j for an end', (body) => {
    expect(endOf([body])).toBeUndefined()
  })

  it('finds the same end as a plain search, in any split', () => {
    const letters = fc.array(fc.constantFrom('\r', '\n', '.', 'a', '\r\n', '\r\n.'), {
      maxLength: 24,
    })
    fc.assert(
      fc.property(letters, fc.nat(30), fc.nat(30), (parts, first, second) => {
        const text = parts.join('')
        const [low, high] = first < second ? [first, second] : [second, first]
        const pieces = [text.slice(0, low), text.slice(low, high), text.slice(high)]
        expect(endOf(pieces)).toBe(naiveEndOf(text))
        expect(endOf(text.split(''))).toBe(naiveEndOf(text))
      }),
      { numRuns: 2_000 },
    )
  })
})
