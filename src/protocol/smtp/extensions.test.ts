// What a client is told of an upstream's extensions.

import { describe, expect, it } from 'vitest'
import { ExtensionFilter, extensionList, UpstreamOffer } from './extensions.ts'
import type { ReplyLine } from './reply.ts'

function linesOf(texts: readonly string[]): ReplyLine[] {
  return texts.map((text, index) => ({
    bytes: Buffer.from(`250${index === texts.length - 1 ? ' ' : '-'}${text}\r\n`, 'latin1'),
    isFirst: index === 0,
    isLast: index === texts.length - 1,
    isCut: false,
  }))
}

function filtered(entries: readonly string[], offered: readonly string[]): string[] {
  const filter = new ExtensionFilter(extensionList(entries))
  const lines = linesOf(['mx.example greets you', ...offered])
  const bytes = Buffer.concat(lines.flatMap((line) => filter.rewrite(line)))
  return bytes.toString('latin1').split('\r\n').slice(1, -1)
}

const offered = [
  'PIPELINING',
  'SIZE 10240000',
  'ETRN',
  'STARTTLS',
  'AUTH PLAIN LOGIN CRAM-MD5',
  'AUTH=PLAIN LOGIN CRAM-MD5',
  '8BITMIME',
  'CHUNKING',
]

describe('ExtensionFilter', () => {
  it('keeps what Momentum always offers and drops the rest when the list is empty', () => {
    expect(filtered([], offered)).toEqual(['250-PIPELINING', '250-SIZE 10240000', '250 8BITMIME'])
  })

  it('keeps what is listed, in any case, with the parameters the upstream gave', () => {
    expect(filtered(['starttls', 'etrn'], offered)).toEqual([
      '250-PIPELINING',
      '250-SIZE 10240000',
      '250-ETRN',
      '250-STARTTLS',
      '250 8BITMIME',
    ])
  })

  it('keeps one mechanism for each AUTH entry, in both spellings of the line', () => {
    const lines = filtered(['AUTH login', 'AUTH CRAM-MD5'], offered)
    expect(lines).toContain('250-AUTH LOGIN CRAM-MD5')
    expect(lines).toContain('250-AUTH=LOGIN CRAM-MD5')
  })

  it('keeps every mechanism for a bare AUTH, even beside single ones', () => {
    const lines = filtered(['AUTH LOGIN', 'AUTH'], offered)
    expect(lines).toContain('250-AUTH PLAIN LOGIN CRAM-MD5')
    expect(lines).toContain('250-AUTH=PLAIN LOGIN CRAM-MD5')
  })

  it('drops the AUTH line when no mechanism of it is listed', () => {
    expect(filtered(['AUTH GSSAPI'], ['AUTH PLAIN', 'SIZE'])).toEqual(['250 SIZE'])
  })

  it('never invents an extension', () => {
    expect(filtered(['DSN', 'AUTH LOGIN'], ['SIZE'])).toEqual(['250 SIZE'])
  })

  it('marks the first line last when nothing else is left, without touching the input', () => {
    const filter = new ExtensionFilter(extensionList([]))
    const lines = linesOf(['mx.example', 'DSN'])
    const bytes = Buffer.concat(lines.flatMap((line) => filter.rewrite(line)))
    expect(bytes.toString()).toBe('250 mx.example\r\n')
    expect(lines[0]?.bytes.toString()).toBe('250-mx.example\r\n')
  })

  it('drops a line too long to be read', () => {
    const filter = new ExtensionFilter(extensionList(['DSN']))
    const lines = linesOf(['mx.example', 'DSN']).map((line) => ({ ...line, isCut: true }))
    const bytes = Buffer.concat(lines.flatMap((line) => filter.rewrite(line)))
    expect(bytes.toString()).toBe('250 mx.example\r\n')
  })

  it('says what it keeps back and gives it out when the reply breaks off', () => {
    const filter = new ExtensionFilter(extensionList([]))
    const [first] = linesOf(['mx.example', 'DSN'])
    if (first !== undefined) expect(filter.rewrite(first)).toEqual([])
    expect(filter.keptBytes).toBe(16)
    expect(Buffer.concat(filter.flush()).toString()).toBe('250-mx.example\r\n')
    expect(filter.keptBytes).toBe(0)
  })
})

describe('UpstreamOffer', () => {
  it('knows CHUNKING and the attributes of XCLIENT, but not from the greeting line', () => {
    const offer = new UpstreamOffer()
    for (const line of linesOf(['CHUNKING', 'xclient name ADDR'])) offer.read(line)
    expect(offer.hasChunking).toBe(false)
    expect(offer.xclientAttributes).toEqual(['NAME', 'ADDR'])
    for (const line of linesOf(['mx', 'chunking'])) offer.read(line)
    expect(offer.hasChunking).toBe(true)
  })
})
