// Greetings: the operator's own, and the upstream's under another name.

import { describe, expect, it } from 'vitest'
import { BannerRenamer, BannerReplacer, staticBanner } from './banner.ts'
import type { ReplyLine } from './reply.ts'

function linesOf(texts: readonly string[]): ReplyLine[] {
  return texts.map((text, index) => ({
    bytes: Buffer.from(text, 'latin1'),
    isFirst: index === 0,
    isLast: index === texts.length - 1,
    isCut: false,
  }))
}

function renamed(hostname: string, texts: readonly string[]): string {
  const renamer = new BannerRenamer(hostname)
  const bytes = linesOf(texts).flatMap((line) => renamer.rewrite(line))
  return Buffer.concat(bytes).toString('latin1')
}

describe('staticBanner', () => {
  const table: readonly [string, string][] = [
    ['220 mx.example ESMTP', '220 mx.example ESMTP\r\n'],
    ['220 mx.example ESMTP\n', '220 mx.example ESMTP\r\n'],
    ['220-mx.example\n220 no spam', '220-mx.example\r\n220 no spam\r\n'],
    ['220-mx.example\r\n220-no\r220 spam\r\n', '220-mx.example\r\n220-no\r\n220 spam\r\n'],
    ['220', '220 \r\n'],
  ]
  it.each(table)('says %j as written, with CRLF', (text, expected) => {
    expect(staticBanner(text).toString()).toBe(expected)
  })

  it('is one reply even where the marks were wrong or left out', () => {
    expect(staticBanner('220 mx.example\n220 two').toString()).toBe('220-mx.example\r\n220 two\r\n')
    expect(staticBanner('mx.example\nno spam').toString()).toBe('220-mx.example\r\n220 no spam\r\n')
    expect(staticBanner('220-mx.example').toString()).toBe('220 mx.example\r\n')
  })
})

describe('BannerReplacer', () => {
  it('says the banner once, when the upstream has finished its own', () => {
    const replacer = new BannerReplacer(Buffer.from('220 mine\r\n'))
    const said = linesOf(['220-a\r\n', '220 b\r\n']).map((line) => replacer.rewrite(line).length)
    expect(said).toEqual([0, 1])
  })
})

describe('BannerRenamer', () => {
  const table: readonly [readonly string[], string][] = [
    [['220 up.local ESMTP x\r\n'], '220 mx.example ESMTP x\r\n'],
    [['220 up.local\r\n'], '220 mx.example\r\n'],
    [['220 \r\n'], '220 mx.example\r\n'],
    [['220\r\n'], '220 mx.example\r\n'],
    [['220 up.local ESMTP\n'], '220 mx.example ESMTP\n'],
    [['220-up.local A\r\n', '220 and more\r\n'], '220-mx.example A\r\n220 and more\r\n'],
    [['220-up.local A\r\n', '220 up.local B\r\n'], '220-mx.example A\r\n220 mx.example B\r\n'],
    [['220-\r\n', '220 \r\n'], '220-mx.example\r\n220 \r\n'],
  ]
  it.each(table)('gives %j the other name', (texts, expected) => {
    expect(renamed('mx.example', texts)).toBe(expected)
  })

  it('leaves the other bytes of the line as they are', () => {
    expect(renamed('m', ['220 up \xe4\xff\0\r\n'])).toBe('220 m \xe4\xff\0\r\n')
  })
})
