// Replies are told from each other, and from what is no reply.

import { describe, expect, it } from 'vitest'
import { parseReplyHead, ReplyReader } from './reply.ts'

function summaryOf(text: string): string[] {
  const reader = new ReplyReader()
  const found: string[] = []
  let rest: Buffer = Buffer.from(text, 'latin1')
  while (rest.length > 0) {
    const piece = reader.cut(rest)
    if (piece === undefined) return [...found, reader.isInsideReply ? 'unfinished' : 'lost']
    rest = piece.rest
    found.push(piece.kind === 'alien' ? 'alien' : `${piece.kind} ${piece.code} ${piece.isLast}`)
    if (piece.kind === 'alien') return found
  }
  return [...found, reader.isInsideReply ? 'inside' : 'outside']
}

describe('parseReplyHead', () => {
  it.each(['250 ok', '250\r\n', '250\n'])('takes %j for a last line', (text) => {
    expect(parseReplyHead(Buffer.from(text))).toEqual({ code: 250, isLast: true })
  })

  it('takes a hyphen for a line to be continued', () => {
    expect(parseReplyHead(Buffer.from('250-ok'))).toEqual({ code: 250, isLast: false })
  })

  it.each(['', '25', '2500 ok', '150 ok', '650 ok', 'ok', '* OK', '+OK\r\n', '25o ok'])(
    'takes %j for no reply',
    (text) => {
      expect(parseReplyHead(Buffer.from(text))).toBeUndefined()
    },
  )
})

describe('ReplyReader', () => {
  it('sees where a reply of several lines ends', () => {
    expect(summaryOf('250-a\r\n250 b\r\n')).toEqual(['line 250 false', 'line 250 true', 'outside'])
    expect(summaryOf('250-a\r\n')).toEqual(['line 250 false', 'inside'])
    expect(summaryOf('250 b')).toEqual(['unfinished'])
  })

  it('gives a reply whose lines disagree no code, even when the last lines agree again', () => {
    expect(summaryOf('454-a\r\n220-b\r\n454 c\r\n')).toEqual([
      'line 454 false',
      'line 0 false',
      'line 0 true',
      'outside',
    ])
  })

  it('passes an over-long line in pieces and knows where its reply ends', () => {
    const line = `250 ${'x'.repeat(5_000)}\r\n`
    expect(summaryOf(`${line}550 no\r\n`)).toEqual([
      'line 250 true',
      'more 250 true',
      'line 550 true',
      'outside',
    ])
  })

  it('calls alien what is not a reply', () => {
    expect(summaryOf('250-a\r\nb\r\n')).toEqual(['line 250 false', 'alien'])
  })
})
