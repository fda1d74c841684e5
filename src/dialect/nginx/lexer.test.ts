// Words, quoting and escapes as nginx reads them (freenginx 3.1).

import { describe, expect, it } from 'vitest'
import { Lexer } from './lexer.ts'
import type { Token } from './lexer.ts'

function tokensOf(text: string, isCommandLine = false): readonly Token[] {
  const lexer = new Lexer({ file: 'a.conf', text }, { isCommandLine })
  const tokens: Token[] = []
  for (;;) {
    const token = lexer.next()
    tokens.push(token)
    if (token.kind === 'end') return tokens
  }
}

/** Words as they are, marks as themselves, mistakes as `!message`. */
function shown(text: string): readonly string[] {
  return tokensOf(text).flatMap((token) => {
    switch (token.kind) {
      case 'word':
        return [`<${token.word.text}>`]
      case 'mistake':
        return [`!${token.mistake.message}`]
      case 'end':
        return token.openQuote === undefined ? [] : ['open']
      default:
        return [token.kind]
    }
  })
}

describe('words', () => {
  it.each([
    [
      'end at blanks, semicolons and opening braces',
      'a b;c{d',
      ['<a>', '<b>', ';', '<c>', '{', '<d>'],
    ],
    ['hold closing braces and hash signs inside', 'a}b a#b', ['<a}b>', '<a#b>']],
    ['begin a comment only at their start', 'a #b ; c\nd', ['<a>', '<d>']],
    ['hold quotation marks inside', `a"b c'd`, ['<a"b>', `<c'd>`]],
    ['keep a brace behind a dollar sign', '${a}b $a{', ['<${a}b>', '<$a>', '{']],
    ['keep several braces behind a dollar sign', '${{a', ['<${{a>']],
    ['end at a brace behind an escaped dollar sign', '\\${', ['<\\$>', '{']],
    ['keep a brace behind a backslash and a dollar sign', '\\\\${', ['<\\${>']],
  ])('%s', (_what, text, expected) => {
    expect(shown(text)).toEqual(expected)
  })

  it.each([
    ['decode three escapes as themselves', String.raw`\"\'\\`, `"'\\`],
    ['decode three escapes as control characters', String.raw`a\t\r\n`, 'a\t\r\n'],
    ['keep every other escape as it stands', String.raw`\x\d`, String.raw`\x\d`],
    ['keep an escaped blank inside', String.raw`a\ b`, String.raw`a\ b`],
    ['keep an escaped semicolon inside', String.raw`a\;b`, String.raw`a\;b`],
    ['keep an escaped brace inside', String.raw`a\{b`, String.raw`a\{b`],
    ['decode escapes in quotation marks too', String.raw`"a\"\\n"`, String.raw`a"\n`],
  ])('%s', (_what, text, expected) => {
    expect(shown(text)).toEqual([`<${expected}>`])
  })
})

describe('quoted words', () => {
  it.each([
    ['hold blanks, marks and line ends', '"a ;{}\n#b"', ['<a ;{}\n#b>']],
    ['hold the other quotation mark', `"a'b" 'a"b'`, [`<a'b>`, '<a"b>']],
    ['may be empty', `"" ''`, ['<>', '<>']],
    ['may be followed by a semicolon or a brace', '"a";"b"{', ['<a>', ';', '<b>', '{']],
    ['may be followed by a bracket, which begins a word', '"a")b', ['<a>', '<)b>']],
    ['may not be followed by a letter', '"a"b', ['<a>', '!unexpected "b"', '<b>']],
    ['may not be followed by a quotation mark', `"a"'b'`, ['<a>', `!unexpected "'"`, '<b>']],
    ['may not be followed by a comment', '"a"#b', ['<a>', '!unexpected "#"']],
    ['name the whole character that follows', '"a"😀', ['<a>', '!unexpected "😀"', '<😀>']],
    ['say at the end that they are open', 'a "b;\nc', ['<a>', 'open']],
    ['do not end at an escaped quotation mark', String.raw`"a\"`, ['open']],
  ])('%s', (_what, text, expected) => {
    expect(shown(text)).toEqual(expected)
  })
})

describe('the bound of 4096 bytes', () => {
  const x = (count: number): string => 'x'.repeat(count)

  it('takes a word that fits with its end', () => {
    expect(shown(`${x(4095)};a;`)[1]).toBe(';')
    expect(shown(`"${x(4095)}";a;`)[1]).toBe(';')
  })

  it('refuses a longer word, and reads on in the next line', () => {
    const message = '!too long parameter "xxxxxxxxxx..." started'
    expect(shown(`${x(4096)};a;\nb;`)).toEqual([message, '<b>', ';'])
  })

  it('suspects a missing quotation mark behind a longer quoted word', () => {
    const message = `!too long parameter, probably missing terminating "'" character`
    expect(shown(`'a;\n${'b;\n'.repeat(1400)}`)).toContain(message)
  })

  it('counts bytes, not characters', () => {
    expect(shown(`${'é'.repeat(2047)};a;`)).toHaveLength(4)
    expect(shown(`${'é'.repeat(2048)};a;`)[0]).toMatch(/^!too long/)
  })

  it('does not hold for the command line', () => {
    expect(tokensOf(`${x(10_000)};`, true)).toHaveLength(3)
  })

  it('does not hold for comments, where nginx is stricter', () => {
    expect(shown(`#${x(10_000)}\na;`)).toEqual(['<a>', ';'])
  })
})

describe('spans', () => {
  it('count lines and columns from 1, with the end behind the last column', () => {
    const [, word] = tokensOf('a\n  "b c";')
    const span = { file: 'a.conf', line: 2, column: 3, endColumn: 8 }
    expect(word).toEqual({ kind: 'word', word: { text: 'b c', span } })
  })

  it('end with the line for a word that goes on below', () => {
    const [word, semicolon] = tokensOf('"ab\ncd";')
    expect(word).toMatchObject({ word: { span: { line: 1, column: 1, endColumn: 4 } } })
    expect(semicolon).toMatchObject({ span: { line: 2, column: 4 } })
  })
})

it('reports NUL bytes once for each run of them', () => {
  expect(shown('a;\0\0 b;')).toEqual(['<a>', ';', expect.stringMatching(/^!NUL/), '<b>', ';'])
})
