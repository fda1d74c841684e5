// Lines are cut the same way however the stream was split, and none is kept beyond the bound.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineCutter } from './line-cutter.ts'

function cutAll(cutter: LineCutter, chunks: readonly Buffer[]): string[] {
  const pieces: string[] = []
  for (const chunk of chunks) {
    let rest = chunk
    while (rest.length > 0) {
      const piece = cutter.cut(rest)
      if (piece === undefined) break
      rest = piece.rest
      pieces.push(
        `${piece.isStart ? '<' : ''}${piece.bytes.toString('latin1')}${piece.isEnd ? '>' : ''}`,
      )
    }
  }
  return pieces
}

describe('LineCutter', () => {
  it('ends a line at LF, with or without CR', () => {
    const cutter = new LineCutter({ maxBytes: 10 })
    expect(cutAll(cutter, [Buffer.from('a\r\nb\n\nc')])).toEqual(['<a\r\n>', '<b\n>', '<\n>'])
    expect(cutter.takePartial().toString()).toBe('c')
    expect(cutter.partialBytes).toBe(0)
  })

  it('passes a line of exactly the bound whole and a longer one in pieces', () => {
    const cutter = new LineCutter({ maxBytes: 4 })
    expect(cutAll(cutter, [Buffer.from('abc\nabcdefgh\nx\n')])).toEqual([
      '<abc\n>',
      '<abcd',
      'efgh\n>',
      '<x\n>',
    ])
  })

  it('starts anew with the line it cut last after a restart', () => {
    const cutter = new LineCutter({ maxBytes: 4 })
    expect(cutAll(cutter, [Buffer.from('abcd'), Buffer.from('e')])).toEqual(['<abcd', 'e'])
    cutter.restart()
    expect(cutAll(cutter, [Buffer.from('ab\n')])).toEqual(['<ab\n>'])
  })

  it('loses no byte, keeps no more than its bound and starts lines at the same places in any split', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '\r', '\n'), { maxLength: 40 })
    const splits = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(letters, splits, (text, sizes) => {
        const bytes = Buffer.from(text.join(''))
        const whole = new LineCutter({ maxBytes: 5 })
        const apart = new LineCutter({ maxBytes: 5 })
        const chunks: Buffer[] = []
        for (let at = 0, index = 0; at < bytes.length; index += 1) {
          const size = sizes[index % sizes.length] ?? 1
          chunks.push(bytes.subarray(at, at + size))
          at += size
        }
        const expected = cutAll(whole, [bytes]).join('')
        const actual = chunks.map((chunk) => {
          const pieces = cutAll(apart, [chunk]).join('')
          expect(apart.partialBytes).toBeLessThanOrEqual(5)
          return pieces
        })
        expect(actual.join('')).toBe(expected)
        expect(apart.takePartial()).toEqual(whole.takePartial())
      }),
    )
  })
})
