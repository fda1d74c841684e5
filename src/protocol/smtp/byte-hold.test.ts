// The bounded heap of waiting bytes.

import { describe, expect, it } from 'vitest'
import { ByteHold } from './byte-hold.ts'

describe('ByteHold', () => {
  it('gives back what was pushed, in order, and is empty afterwards', () => {
    const hold = new ByteHold({ maxBytes: 10 })
    for (const text of ['ab', 'c', 'defg']) expect(hold.push(Buffer.from(text))).toBe(true)
    expect(hold.length).toBe(7)
    expect(hold.take().toString()).toBe('abcdefg')
    expect(hold.length).toBe(0)
    expect(hold.take()).toHaveLength(0)
  })

  it('takes exactly its bound and changes nothing when more comes', () => {
    const hold = new ByteHold({ maxBytes: 4 })
    expect(hold.push(Buffer.from('abc'))).toBe(true)
    expect(hold.push(Buffer.from('de'))).toBe(false)
    expect(hold.push(Buffer.from('d'))).toBe(true)
    expect(hold.take().toString()).toBe('abcd')
  })

  it('keeps its own copy of what was pushed', () => {
    const hold = new ByteHold({ maxBytes: 4 })
    const bytes = Buffer.from('abc')
    hold.push(bytes)
    bytes.fill(0x78)
    expect(hold.take().toString()).toBe('abc')
  })

  it('does not write into what was taken before', () => {
    const hold = new ByteHold({ maxBytes: 8 })
    hold.push(Buffer.from('abc'))
    const taken = hold.take()
    hold.push(Buffer.from('xyz'))
    expect(taken.toString()).toBe('abc')
  })
})
