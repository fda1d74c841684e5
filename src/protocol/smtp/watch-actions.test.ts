// Bytes on their way are joined where they lie side by side, and only there.

import { describe, expect, it } from 'vitest'
import { Outbox } from './watch-actions.ts'

describe('Outbox', () => {
  it('makes one write of neighbours in memory', () => {
    const bytes = Buffer.from('abcdef')
    const outbox = new Outbox()
    for (let at = 0; at < bytes.length; at += 2) outbox.push(bytes.subarray(at, at + 2))
    expect(outbox.take().map(String)).toEqual(['abcdef'])
  })

  it('does not join what lies elsewhere, however the offsets look', () => {
    const first = Buffer.from(new ArrayBuffer(4)).fill('a')
    const second = Buffer.from(new ArrayBuffer(4)).fill('b')
    const outbox = new Outbox()
    outbox.push(first.subarray(0, 2))
    outbox.push(second.subarray(2, 4))
    outbox.push(first.subarray(0, 1))
    expect(outbox.take().map(String)).toEqual(['aa', 'bb', 'a'])
  })

  it('keeps no empty bytes and is empty once taken', () => {
    const outbox = new Outbox()
    outbox.push(Buffer.alloc(0))
    expect(outbox.take()).toEqual([])
    outbox.push(Buffer.from('a'))
    expect(outbox.take()).toHaveLength(1)
    expect(outbox.take()).toEqual([])
  })
})
