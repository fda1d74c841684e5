// The line reader: what is a line, and what a hostile peer cannot make it hold.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineReader } from './line-reader.ts'

function drain(reader: LineReader): string[] {
  const lines: string[] = []
  for (let result = reader.next(); result !== undefined; result = reader.next()) {
    lines.push(result.kind === 'line' ? result.line.toString('latin1') : '(too long)')
  }
  return lines
}

function linesOf(maxBytes: number, ...chunks: string[]): string[] {
  const reader = new LineReader(maxBytes)
  return chunks.flatMap((chunk) => {
    reader.push(Buffer.from(chunk, 'latin1'))
    return drain(reader)
  })
}

const bytes = fc
  .array(fc.constantFrom(0x0d, 0x0a, 0x0a, 0x00, 0x41, 0x42, 0xff), { maxLength: 80 })
  .map((list) => Buffer.from(list))

/** What the reader must say about a whole text, written the plain way. */
function expectedLines(text: string, maxBytes: number): { lines: string[]; rest: string } {
  const parts = text.split('\n')
  const rest = parts.pop() ?? ''
  const lines = parts.map((part) =>
    part.length + 1 > maxBytes ? '(too long)' : part.replace(/\r$/, ''),
  )
  if (rest.length < maxBytes) return { lines, rest }
  return { lines: [...lines, '(too long)'], rest: '' }
}

describe('LineReader', () => {
  it('ends a line at CRLF and at LF, and keeps a lone CR and NUL bytes', () => {
    expect(linesOf(80, 'a\r\nb\nc\rd\0e\r\r\n\r\n\n')).toEqual(['a', 'b', 'c\rd\0e\r', '', ''])
  })

  it('waits for the line end', () => {
    expect(linesOf(80, 'HE', 'LO', '\r', '\nQU')).toEqual(['HELO'])
  })

  it('takes a line of exactly the bound, its line end included, and no more', () => {
    expect(linesOf(6, 'abcd\r\n')).toEqual(['abcd'])
    expect(linesOf(6, 'abcde\r\n')).toEqual(['(too long)'])
    expect(linesOf(6, 'abcde\n')).toEqual(['abcde'])
  })

  it('says once that a line is too long, at once, and goes on with the next', () => {
    const reader = new LineReader(10)
    reader.push(Buffer.alloc(10, 'x'))
    expect(drain(reader)).toEqual(['(too long)'])
    reader.push(Buffer.alloc(100_000, 'x'))
    expect(drain(reader)).toEqual([])
    expect(reader.heldBytes).toBe(0)
    reader.push(Buffer.from('xx\r\nQUIT\r\n'))
    expect(drain(reader)).toEqual(['QUIT'])
  })

  it('gives back everything unread, the unfinished line included', () => {
    const reader = new LineReader(80)
    reader.push(Buffer.from('STAR'))
    expect(drain(reader)).toEqual([])
    reader.push(Buffer.from('TTLS\r\n\x16\x03\x01'))
    expect(reader.next()).toEqual({ kind: 'line', line: Buffer.from('STARTTLS') })
    expect(reader.takeRest()).toEqual(Buffer.from('\x16\x03\x01'))
    reader.push(Buffer.from('half'))
    expect(drain(reader)).toEqual([])
    reader.push(Buffer.from(' a line'))
    expect(reader.takeRest().toString()).toBe('half a line')
    expect(reader.heldBytes).toBe(0)
    reader.push(Buffer.from('new\n'))
    expect(drain(reader)).toEqual(['new'])
  })

  it('takes bytes that are pushed before the earlier ones are read', () => {
    const reader = new LineReader(80)
    reader.push(Buffer.from('a\nb'))
    reader.push(Buffer.from('c\nd'))
    expect(drain(reader)).toEqual(['a', 'bc'])
    expect(reader.takeRest().toString()).toBe('d')
  })

  it('does not share the memory of a chunk for an unfinished line', () => {
    const reader = new LineReader(80)
    const chunk = Buffer.from('abc')
    reader.push(chunk)
    expect(drain(reader)).toEqual([])
    chunk.fill('x')
    reader.push(Buffer.from('\n'))
    expect(drain(reader)).toEqual(['abc'])
  })

  it('gives the same lines wherever the input is split, and never holds more than its bound', () => {
    const property = fc.property(
      bytes,
      fc.array(fc.nat(80), { maxLength: 6 }),
      fc.integer({ min: 2, max: 12 }),
      (input, cuts, maxBytes) => {
        const reader = new LineReader(maxBytes)
        const lines: string[] = []
        const ends = [...cuts, input.length].toSorted((left, right) => left - right)
        let from = 0
        for (const end of ends) {
          reader.push(input.subarray(from, end))
          lines.push(...drain(reader))
          expect(reader.heldBytes).toBeLessThan(maxBytes)
          from = Math.min(end, input.length)
        }
        const rest = reader.takeRest().toString('latin1')
        expect({ lines, rest }).toEqual(expectedLines(input.toString('latin1'), maxBytes))
      },
    )
    fc.assert(property, { numRuns: 2_000 })
  })
})
