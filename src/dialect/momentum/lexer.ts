// Momentum text to tokens with spans: comments, strings, and the leniencies of barewords.

import type { Span } from '../../base/diagnostic.ts'
import { quoted } from './report.ts'
import type { Report } from './report.ts'

export interface Source {
  /** Name used in spans. */
  readonly file: string
  readonly text: string
}

export type TokenKind = 'word' | 'string' | '{' | '}' | '[' | ']' | '(' | ')' | '=' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** Decoded text of a string, otherwise the text as written. */
  readonly text: string
  readonly span: Span
}

/**
 * The longest line taken without complaint. The manual's own samples stay below 200 columns;
 * a generated one-line file of a few hundred Peers still fits.
 */
export const maxLineLength = 65_536

const blanks = new Set([' ', '\t', '\r', '\v', '\f', '\uFEFF'])
const brackets = new Set(['{', '}', '[', ']', '(', ')', '='])

/** What may follow a closing quotation mark; anything else means that an earlier one is missing. */
const afterString = new Set([...blanks, ...brackets, '\n', ',', '#', '/', undefined])

/** Splits a text into tokens; the last one is `end`. Mistakes go to the report, and it goes on. */
export function tokenize(source: Source, report: Report): readonly Token[] {
  checkNulBytes(source, report)
  checkLineLengths(source, report)
  // A NUL counts as a blank from here on; columns stay as they are.
  const text = source.text.includes('\0') ? source.text.replaceAll('\0', ' ') : source.text
  return new Lexer({ file: source.file, text }, report).run()
}

function checkNulBytes(source: Source, report: Report): void {
  const at = source.text.indexOf('\0')
  if (at === -1) return
  const before = source.text.slice(0, at).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  report.error({
    code: 'momentum.nul_byte',
    message: 'NUL byte: this is not a configuration text',
    span: { file: source.file, line: before.length, column },
  })
}

function checkLineLengths(source: Source, report: Report): void {
  const { file, text } = source
  for (let start = 0, line = 1; start < text.length; line += 1) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    if (end - start > maxLineLength) {
      report.error({
        code: 'momentum.line_too_long',
        message: `line of ${end - start} characters; at most ${maxLineLength} are read as one line`,
        span: { file, line, column: maxLineLength + 1 },
      })
    }
    start = end + 1
  }
}

class Lexer {
  readonly #file: string
  readonly #text: string
  readonly #report: Report
  readonly #tokens: Token[] = []
  /** Everything up to what ends a bareword (1.7), blanks and a byte order mark included. */
  readonly #bareword = /[^ \t\r\n\v\f\uFEFF#{}[\]=()"]+/y
  #at = 0
  #line = 1
  #lineStart = 0
  /**
   * A string may span lines until one turned out to be unclosed. From then on strings end with
   * their line, so that no text makes the lexer look for a closing mark again and again.
   */
  #mayStringsSpanLines = true
  #isSingleQuoteReported = false

  constructor(source: Source, report: Report) {
    this.#file = source.file
    this.#text = source.text
    this.#report = report
  }

  run(): readonly Token[] {
    while (this.#at < this.#text.length) this.#step()
    this.#push('end', '', this.#at)
    return this.#tokens
  }

  #step(): void {
    const char = this.#text.charAt(this.#at)
    if (char === '\n') this.#newline(this.#at)
    else if (blanks.has(char)) this.#at += 1
    else if (char === '#') this.#at = this.#lineEnd()
    else if (char === '"' || char === "'") this.#string(char)
    else if (brackets.has(char)) this.#bracket(char)
    else if (char !== '/') this.#word()
    else if (this.#text.charAt(this.#at + 1) === '*') this.#comment()
    else this.#path()
  }

  #newline(at: number): void {
    this.#at = at + 1
    this.#line += 1
    this.#lineStart = this.#at
  }

  #lineEnd(): number {
    const newline = this.#text.indexOf('\n', this.#at)
    return newline === -1 ? this.#text.length : newline
  }

  #span(start: number, end: number): Span {
    const column = start - this.#lineStart + 1
    const endColumn = end - this.#lineStart + 1
    return { file: this.#file, line: this.#line, column, endColumn }
  }

  /** A token from the current place to `end`, on one line. */
  #push(kind: TokenKind, text: string, end: number): void {
    this.#tokens.push({ kind, text, span: this.#span(this.#at, end) })
    this.#at = end
  }

  #bracket(char: string): void {
    // `brackets` holds exactly the one-character token kinds.
    this.#push(char as TokenKind, char, this.#at + 1)
  }

  #word(): void {
    this.#bareword.lastIndex = this.#at
    const text = this.#bareword.exec(this.#text)?.[0] ?? this.#text.charAt(this.#at)
    const comment = text.indexOf('/*')
    const word = comment === -1 ? text : text.slice(0, comment)
    this.#push('word', word, this.#at + word.length)
  }

  /**
   * A word that starts with a slash is a path or a regular expression and reaches to the next
   * blank or brace: the manual has bare socket paths and `Domain /yahoo\.co(m|\.uk)$/ {`.
   * A bracket it did not open itself ends it too, so that `(/a /b)` is a list of two.
   */
  #path(): void {
    let end = this.#at
    let openCount = 0
    for (; end < this.#text.length; end += 1) {
      const char = this.#text.charAt(end)
      if (char === '\n' || char === '{' || char === '}' || blanks.has(char)) break
      if (char === '(' || char === '[') openCount += 1
      if (char !== ')' && char !== ']') continue
      if (openCount === 0) break
      openCount -= 1
    }
    this.#push('word', this.#text.slice(this.#at, end), end)
  }

  #comment(): void {
    const close = this.#text.indexOf('*/', this.#at + 2)
    if (close === -1) {
      this.#report.error({
        code: 'momentum.comment_unclosed',
        message: 'this comment is never closed',
        span: this.#span(this.#at, this.#at + 2),
        hint: 'close it with */',
      })
      this.#at = this.#text.length
      return
    }
    this.#skipTo(close + 2)
  }

  /** Moves on over text that may hold newlines. */
  #skipTo(end: number): void {
    for (;;) {
      const newline = this.#text.indexOf('\n', this.#at)
      if (newline === -1 || newline >= end) break
      this.#newline(newline)
    }
    this.#at = end
  }

  #string(quote: string): void {
    if (quote === "'" && !this.#isSingleQuoteReported) this.#reportSingleQuote()
    const close = this.#closingQuote(quote)
    if (close === undefined) {
      this.#unclosedString(quote)
      return
    }
    const lineEnd = this.#lineEnd()
    const span = this.#span(this.#at, Math.min(close + 1, lineEnd))
    const text = decodeEscapes(this.#text.slice(this.#at + 1, close), quote)
    this.#tokens.push({ kind: 'string', text, span })
    this.#skipTo(close + 1)
  }

  /** Index of the closing mark; undefined when there is none that could belong to this string. */
  #closingQuote(quote: string): number | undefined {
    const text = this.#text
    let hasNewline = false
    for (let at = this.#at + 1; at < text.length; at += 1) {
      const char = text.charAt(at)
      if (char === '\n') {
        if (!this.#mayStringsSpanLines) return undefined
        hasNewline = true
      } else if (char === '\\') {
        const next = text.charAt(at + 1)
        if (next === quote || next === '\\') at += 1
      } else if (char === quote) {
        // `a = "x` newline `b = "y"`: the mark before y opens a string and closes none.
        return hasNewline && !afterString.has(text[at + 1]) ? undefined : at
      }
    }
    return undefined
  }

  #unclosedString(quote: string): void {
    this.#mayStringsSpanLines = false
    const lineEnd = this.#lineEnd()
    const line = this.#text.slice(this.#at + 1, lineEnd)
    // `Peer "10.0.0.0/8 {`: the brace is meant as one, and taking it so avoids a second error.
    const brace = line.lastIndexOf('{')
    const isBraceLast = brace !== -1 && /^\{[ \t\r}]*$/.test(line.slice(brace))
    const content = (isBraceLast ? line.slice(0, brace) : line).trimEnd()
    this.#report.error({
      code: 'momentum.string_unclosed',
      message: `the string ${quoted(content)} is never closed`,
      span: this.#span(this.#at, this.#at + 1 + content.length),
      hint: `close it with ${quote}`,
    })
    this.#push('string', decodeEscapes(content, quote), this.#at + 1 + content.length)
  }

  #reportSingleQuote(): void {
    this.#isSingleQuoteReported = true
    this.#report.warn({
      code: 'momentum.single_quotes',
      message: 'string in single quotes',
      span: this.#span(this.#at, this.#at + 1),
      hint: "use double quotes: Momentum's manual knows no others",
    })
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\"', '"'],
  ['\\\\', '\\'],
  ['\\r', '\r'],
  ['\\n', '\n'],
  ['\\t', '\t'],
])

/** Decodes the escapes that the manual's samples need; every other one stays as it is (1.1). */
function decodeEscapes(text: string, quote: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(/\\[^]/g, (pair) =>
    pair === `\\${quote}` ? quote : (escapes.get(pair) ?? pair),
  )
}
