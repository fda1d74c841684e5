// Commands are cut the same however they come, and never more is kept than the bound.

import { describe, expect, it } from 'vitest'
import { CommandReader } from './command-reader.ts'

/** Feeds pieces; a command that ends in `}` goes on behind a literal of three bytes. */
function cut(pieces: readonly string[], maxBytes = 20): readonly string[] {
  const reader = new CommandReader({ maxBytes })
  const found: string[] = []
  for (const piece of pieces) {
    reader.push(Buffer.from(piece))
    for (let reading = reader.next(); reading !== undefined; reading = reader.next()) {
      if (reading.kind === 'too_long') return [...found, `too long ${String(reading.start)}`]
      const text = reading.bytes.toString('latin1')
      if (!text.endsWith('}\n')) found.push(text)
      else if (!reader.extend(reading.bytes, 3)) return [...found, `too long ${text}`]
    }
    expect(reader.heldBytes).toBeLessThan(maxBytes)
  }
  return found
}

describe('CommandReader', () => {
  it('cuts at line ends, wherever the chunks end', () => {
    const text = 'NOOP\r\nQUIT\n\n'
    const expected = ['NOOP\r\n', 'QUIT\n', '\n']
    expect(cut([text])).toEqual(expected)
    expect(cut(text.split(''))).toEqual(expected)
    expect(cut(['NO', 'OP\r', '\nQUIT\n\n'])).toEqual(expected)
  })

  it('steps over line ends inside a literal', () => {
    const text = 'a {3}\n\n\n\n b\nc\n'
    expect(cut([text])).toEqual(['a {3}\n\n\n\n b\n', 'c\n'])
    expect(cut(text.split(''))).toEqual(['a {3}\n\n\n\n b\n', 'c\n'])
  })

  it('takes a command of exactly the bound, and none longer', () => {
    expect(cut([`${'x'.repeat(19)}\n`])).toEqual([`${'x'.repeat(19)}\n`])
    expect(cut(`${'x'.repeat(19)}\n`.split(''))).toEqual([`${'x'.repeat(19)}\n`])
    expect(cut([`${'x'.repeat(20)}\n`])).toEqual([`too long ${'x'.repeat(20)}`])
    expect(cut('x'.repeat(21).split(''))).toEqual([`too long ${'x'.repeat(20)}`])
    expect(cut(['x'.repeat(50)])).toEqual([`too long ${'x'.repeat(20)}`])
  })

  it('counts literals as part of the command', () => {
    expect(cut(['a {3}\nabc {3}\nxy', 'z\n'], 19)).toEqual(['a {3}\nabc {3}\nxyz\n'])
    expect(cut(['a {3}\nabc {3}\nxyz\n'], 17)).toEqual(['too long a {3}\nabc {3}\n'])
  })

  it('hands over what it has not cut, unfinished lines included', () => {
    const reader = new CommandReader({ maxBytes: 20 })
    reader.push(Buffer.from('ab'))
    expect(reader.next()).toBeUndefined()
    reader.push(Buffer.from('c\nrest\nmore'))
    expect(reader.next()).toEqual({ kind: 'command', bytes: Buffer.from('abc\n') })
    expect(reader.takeRest().toString()).toBe('rest\nmore')
    expect(reader.heldBytes).toBe(0)
    reader.push(Buffer.from('half'))
    expect(reader.next()).toBeUndefined()
    expect(reader.takeRest().toString()).toBe('half')
  })

  it('does not keep a chunk alive for the start of a command in it', () => {
    const reader = new CommandReader({ maxBytes: 20 })
    const chunk = Buffer.from('NO')
    reader.push(chunk)
    expect(reader.next()).toBeUndefined()
    chunk.fill(0)
    reader.push(Buffer.from('OP\n'))
    expect(reader.next()).toEqual({ kind: 'command', bytes: Buffer.from('NOOP\n') })
  })
})
