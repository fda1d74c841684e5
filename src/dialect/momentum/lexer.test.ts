// Tokens: where they begin and end, and how strings, paths and comments are told apart.

import { describe, expect, it } from 'vitest'
import { maxLineLength, tokenize } from './lexer.ts'
import { createReport } from './report.ts'

function tokens(text: string): string[] {
  return tokenize({ file: 'a.conf', text }, createReport()).map(({ kind, text: word }) =>
    kind === 'word' || kind === 'string' ? `${kind} ${word}` : kind,
  )
}

function codes(text: string): string[] {
  const report = createReport()
  tokenize({ file: 'a.conf', text }, report)
  return report.diagnostics().map(({ code, span }) => `${code} ${span?.line}:${span?.column}`)
}

describe('tokenize', () => {
  it('ends a bareword at a blank, a bracket, an equals sign, a quote or a comment', () => {
    expect(tokens('a=b{c}d"e"f#g')).toEqual([
      'word a',
      '=',
      'word b',
      '{',
      'word c',
      '}',
      'word d',
      'string e',
      'word f',
      'end',
    ])
    expect(tokens('a/*b*/c')).toEqual(['word a', 'word c', 'end'])
  })

  it('keeps slashes, colons and apostrophes inside a bareword', () => {
    expect(tokens("digest:///etc/passwd it's")).toEqual([
      'word digest:///etc/passwd',
      "word it's",
      'end',
    ])
  })

  it('reads a word that starts with a slash to the next blank or brace', () => {
    expect(tokens('/yahoo\\.co(m|\\.uk)$/{')).toEqual(['word /yahoo\\.co(m|\\.uk)$/', '{', 'end'])
    expect(tokens('/a#b="c" /d}')).toEqual(['word /a#b="c"', 'word /d', '}', 'end'])
    expect(tokens('(/a)')).toEqual(['(', 'word /a', ')', 'end'])
  })

  it('decodes the five documented escapes and keeps every other backslash', () => {
    expect(tokens(String.raw`"\"\\\r\n\t\d\x"`)).toEqual(['string "\\\r\n\t\\d\\x', 'end'])
  })

  it('counts lines over strings, comments and CRLF, and ignores a byte order mark', () => {
    const text = '\uFEFFa\r\n"b\nc"\r\n/*\n*/ d'
    const places = tokenize({ file: 'a.conf', text }, createReport()).map(
      ({ span }) => `${span.line}:${span.column}-${span.endColumn}`,
    )
    expect(places).toEqual(['1:2-3', '2:1-3', '5:4-5', '5:5-5'])
  })

  it('reports an unclosed string and comment at their openings', () => {
    expect(codes('a = "b')).toEqual(['momentum.string_unclosed 1:5'])
    expect(codes('a\n  /* b')).toEqual(['momentum.comment_unclosed 2:3'])
  })

  it('blames the first mark when a later string shows that it was never closed', () => {
    expect(codes('a = "b\nc = "d"\n')).toEqual(['momentum.string_unclosed 1:5'])
    expect(tokens('a = "b {\nc = "d"\n')).toEqual([
      'word a',
      '=',
      'string b',
      '{',
      'word c',
      '=',
      'string d',
      'end',
    ])
  })

  it('warns about single quotes once per file', () => {
    expect(codes("'a' 'b'")).toEqual(['momentum.single_quotes 1:1'])
  })

  it('takes a line of the greatest length and reports a longer one', () => {
    expect(codes('a'.repeat(maxLineLength))).toEqual([])
    expect(codes(`\n${'a'.repeat(maxLineLength + 1)}`)).toEqual([
      `momentum.line_too_long 2:${maxLineLength + 1}`,
    ])
  })

  it('reports a NUL byte once and reads on as if it were a blank', () => {
    expect(codes('a\nb\0c\0')).toEqual(['momentum.nul_byte 2:2'])
    expect(tokens('b\0c')).toEqual(['word b', 'word c', 'end'])
  })
})
