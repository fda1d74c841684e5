// Command lines taken apart.

import { describe, expect, it } from 'vitest'
import { parseCommandLine, parseResponseLine } from './command-line.ts'

function parse(text: string): readonly string[] | undefined {
  const line = parseCommandLine(Buffer.from(text))
  if (line === undefined) return undefined
  return [line.verb, line.words.map(String).join('|'), String(line.argument), String(line.text)]
}

describe('parseCommandLine', () => {
  it('finds verb, words, argument and text', () => {
    expect(parse('user  a  b \r\n')).toEqual(['USER', 'a|b', 'a  b ', 'user  a  b'])
    expect(parse('NOOP\n')).toEqual(['NOOP', '', '', 'NOOP'])
    expect(parse('Rset  \r\n')).toEqual(['RSET', '', '', 'Rset'])
  })

  it('wants a verb of letters at the start', () => {
    const wrong = ['\r\n', ' NOOP\r\n', 'NO0P\r\n', 'NOOP\tx\r\n', '\0\n']
    expect(wrong.map(parse)).toEqual(wrong.map(() => undefined))
  })

  it('does not take a CR that ends nothing', () => {
    expect(['NO\rOP\r\n', 'NOOP \r \n', 'NOOP\r\r\n'].map(parse)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('parseResponseLine', () => {
  const words = (text: string): readonly string[] | undefined =>
    parseResponseLine(Buffer.from(text))?.map(String)

  it('has a first word always, be it empty', () => {
    expect(words('\r\n')).toEqual([''])
    expect(words('abc\n')).toEqual(['abc'])
    expect(words(' abc  d \r\n')).toEqual(['', 'abc', 'd'])
  })

  it('does not take a CR that ends nothing', () => {
    expect(words('a\rb\r\n')).toBeUndefined()
  })
})
