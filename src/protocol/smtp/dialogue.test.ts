// Replies are matched with commands, and what they settle is remembered.

import { describe, expect, it } from 'vitest'
import { awaitedMaxCount } from './bounds.ts'
import { Dialogue } from './dialogue.ts'

function greeted(): Dialogue {
  const dialogue = new Dialogue()
  dialogue.settle(220, undefined)
  return dialogue
}

describe('Dialogue', () => {
  it('awaits the greeting first', () => {
    const dialogue = new Dialogue()
    expect(dialogue.isSettled).toBe(false)
    expect(dialogue.settle(220, undefined).awaited).toBe('greeting')
    expect(dialogue.isSettled).toBe(true)
  })

  it('has a transaction from an accepted MAIL to the end of its message', () => {
    const dialogue = greeted()
    dialogue.expect('mail')
    dialogue.settle(550, undefined)
    expect(dialogue.isInTransaction).toBe(false)
    dialogue.expect('mail')
    dialogue.settle(250, undefined)
    expect(dialogue.isInTransaction).toBe(true)
    dialogue.expect('data')
    dialogue.settle(354, undefined)
    expect(dialogue.isInTransaction).toBe(true)
    dialogue.settle(451, undefined)
    expect(dialogue.isInTransaction).toBe(false)
  })

  it('counts a message when it is accepted, and while its reply is due', () => {
    const dialogue = greeted()
    dialogue.expect('message')
    expect(dialogue.countMessages()).toBe(1)
    dialogue.settle(554, undefined)
    expect(dialogue.countMessages()).toBe(0)
    dialogue.expect('data')
    dialogue.settle(354, undefined)
    expect(dialogue.countMessages()).toBe(1)
    dialogue.settle(250, undefined)
    expect(dialogue.countMessages()).toBe(1)
  })

  it('ends a transaction with RSET only when the upstream agrees', () => {
    const dialogue = greeted()
    dialogue.expect('mail')
    dialogue.expect('rset')
    dialogue.settle(250, undefined)
    expect(dialogue.isInTransaction).toBe(true)
    dialogue.settle(250, undefined)
    expect(dialogue.isInTransaction).toBe(false)
  })

  it.each(['rset', 'ehlo'] as const)('begins anew with %s', (awaited) => {
    const dialogue = greeted()
    dialogue.expect('mail')
    dialogue.settle(250, undefined)
    dialogue.expect(awaited)
    dialogue.settle(250, undefined)
    expect(dialogue.isInTransaction).toBe(false)
  })

  it('skips what was left unanswered when a go-ahead comes', () => {
    const dialogue = greeted()
    dialogue.expect('other')
    dialogue.expect('data')
    dialogue.resynchronise(354)
    expect(dialogue.first).toBe('data')
    dialogue.resynchronise(334)
    dialogue.resynchronise(250)
    expect(dialogue.first).toBe('data')
  })

  it('takes a reply that nobody awaits', () => {
    const dialogue = greeted()
    expect(dialogue.settle(421, undefined).awaited).toBeUndefined()
    expect(dialogue.isSettled).toBe(true)
  })

  it('is full at its bound', () => {
    const dialogue = greeted()
    for (let count = 0; count < awaitedMaxCount; count += 1) {
      expect(dialogue.isFull).toBe(false)
      dialogue.expect('other')
    }
    expect(dialogue.isFull).toBe(true)
  })
})
