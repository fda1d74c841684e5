// nginx text to tokens with spans, character for character as nginx reads it.

import type { Span } from '../../base/diagnostic.ts'
import type { NginxCode } from './codes.ts'
import type { Mistake, Word } from './syntax.ts'

export interface Source {
  /** Name used in spans. */
  readonly file: string
  readonly text: string
}

/** `openQuote`: the quotation mark of a word that the end of the text cut off. */
export type Token =
  | { readonly kind: 'word'; readonly word: Word }
  | { readonly kind: ';' | '{' | '}'; readonly span: Span }
  | { readonly kind: 'mistake'; readonly mistake: Mistake }
  | { readonly kind: 'end'; readonly span: Span; readonly openQuote?: Span }

/** nginx reads through a buffer of this many bytes, and a word must fit into it with its end. */
const bufferBytes = 4096

const blanks = new Set([' ', '\t', '\r', '\n'])

/** What may follow a closing quotation mark. A `}` is left to the parser: it means no `;`. */
const afterQuote = new Set([...blanks, ';', '{', '}', ')', ''])

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\"', '"'],
  ["\\'", "'"],
  ['\\\\', '\\'],
  ['\\t', '\t'],
  ['\\r', '\r'],
  ['\\n', '\n'],
])

/** Hands out the tokens of one text. Never throws; what is wrong comes as a `mistake` token. */
export class Lexer {
  readonly #file: string
  readonly #text: string
  /** No word of more characters fits into the buffer; that of `-g` is as large as its text. */
  readonly #wordMax: number
  /** Goes out before anything else is read. */
  #pending: Token | undefined
  #at = 0
  #line = 1
  #lineStart = 0

  constructor(source: Source, options: { readonly isCommandLine: boolean }) {
    this.#file = source.file
    this.#text = source.text
    this.#wordMax = options.isCommandLine ? Number.POSITIVE_INFINITY : bufferBytes
  }

  next(): Token {
    const pending = this.#pending
    this.#pending = undefined
    if (pending !== undefined) return pending
    this.#skipBlanks()
    const char = this.#text.charAt(this.#at)
    switch (char) {
      case '':
        return { kind: 'end', span: this.#span(this.#at, this.#at) }
      case ';':
      case '{':
      case '}': {
        const span = this.#span(this.#at, this.#at + 1)
        this.#at += 1
        return { kind: char, span }
      }
      case '\0':
        return this.#nulBytes()
      case '"':
      case "'":
        return this.#quotedWord(char)
      default:
        return this.#bareWord()
    }
  }

  /** Blanks, line ends and comments; a `#` inside a word never comes here. */
  #skipBlanks(): void {
    for (; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text.charAt(this.#at)
      if (char === '#') this.#at = this.#lineEnd(this.#at)
      if (this.#text.charAt(this.#at) === '\n') this.#newline(this.#at + 1)
      else if (!blanks.has(this.#text.charAt(this.#at))) return
    }
  }

  #newline(lineStart: number): void {
    this.#line += 1
    this.#lineStart = lineStart
  }

  #lineEnd(from: number): number {
    const newline = this.#text.indexOf('\n', from)
    return newline === -1 ? this.#text.length : newline
  }

  /** A place on the current line; what goes on below it ends with the line. */
  #span(start: number, end: number): Span {
    const column = start - this.#lineStart + 1
    const endColumn = Math.min(end, this.#lineEnd(start)) - this.#lineStart + 1
    return { file: this.#file, line: this.#line, column, endColumn }
  }

  /** Moves to `end`, over text that may hold newlines. */
  #skipTo(end: number): void {
    for (;;) {
      const newline = this.#text.indexOf('\n', this.#at)
      if (newline === -1 || newline >= end) break
      this.#newline(newline + 1)
      this.#at = newline + 1
    }
    this.#at = end
  }

  #nulBytes(): Token {
    const start = this.#at
    let end = start
    while (this.#text.charAt(end) === '\0') end += 1
    const span = this.#span(start, end)
    this.#at = end
    const message = 'NUL byte: this is not a configuration text'
    return mistake('nginx.nul_byte', message, span)
  }

  #quotedWord(quote: string): Token {
    const start = this.#at
    const close = this.#closingQuote(quote, start + 1)
    if (close === 'cut off') {
      const openQuote = this.#span(start, start + 1)
      this.#skipTo(this.#text.length)
      return { kind: 'end', span: this.#span(this.#at, this.#at), openQuote }
    }
    if (close === 'too long') {
      const message = `too long parameter, probably missing terminating "${quote}" character`
      return this.#tooLong(message)
    }
    const span = this.#span(start, close + 1)
    const text = decodeEscapes(this.#text.slice(start + 1, close))
    this.#skipTo(close + 1)
    const follower = this.#text.slice(this.#at, this.#at + 1)
    if (!afterQuote.has(follower)) this.#pending = this.#unexpectedFollower()
    return { kind: 'word', word: { text, span } }
  }

  #closingQuote(quote: string, from: number): number | 'cut off' | 'too long' {
    const text = this.#text
    const limit = Math.min(from + this.#wordMax, text.length)
    let at = from
    for (; at < limit; at += 1) {
      const char = text.charAt(at)
      if (char === quote) return this.#isTooLong(from, at + 1) ? 'too long' : at
      if (char === '\\') at += 1
    }
    return at < text.length || this.#isTooLong(from, text.length) ? 'too long' : 'cut off'
  }

  #bareWord(): Token {
    const text = this.#text
    const from = this.#at
    const limit = Math.min(from + this.#wordMax, text.length)
    let at = from
    for (; at < limit; at += 1) {
      const char = text.charAt(at)
      if (char === ';' || blanks.has(char)) break
      // `${name}` is one word: a brace right behind a dollar sign opens no block.
      if (char === '{' && !isAfterDollar(text, at, from)) break
      if (char === '\\') at += 1
    }
    at = Math.min(at, text.length)
    // The character that ends the word must fit into the buffer too, unless the text ends here.
    if (this.#isTooLong(from, Math.min(at + 1, text.length))) {
      return this.#tooLong(`too long parameter "${text.slice(from, from + 10)}..." started`)
    }
    const word: Word = { text: decodeEscapes(text.slice(from, at)), span: this.#span(from, at) }
    this.#skipTo(at)
    return { kind: 'word', word }
  }

  #isTooLong(from: number, end: number): boolean {
    // A UTF-16 unit is at most three bytes, so that short words need no counting.
    if (!Number.isFinite(this.#wordMax) || (end - from) * 3 <= bufferBytes) return false
    return Buffer.byteLength(this.#text.slice(from, end)) > bufferBytes
  }

  /** Gives the rest of the line up; what stands in the next one is probably sound. */
  #tooLong(message: string): Token {
    const end = this.#lineEnd(this.#at)
    const span = this.#span(this.#at, end)
    this.#at = end
    return mistake('nginx.too_long_parameter', message, span)
  }

  #unexpectedFollower(): Token {
    // The whole character, not half of a surrogate pair.
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
    const span = this.#span(this.#at, this.#at + char.length)
    const hint = 'put a blank or ";" behind the closing quotation mark'
    return mistake('nginx.unexpected', `unexpected "${char}"`, span, hint)
  }
}

/** A dollar sign keeps the braces behind it, unless a backslash took it as its own. */
function isAfterDollar(text: string, brace: number, from: number): boolean {
  let at = brace - 1
  while (at >= from && text.charAt(at) === '{') at -= 1
  if (at < from || text.charAt(at) !== '$') return false
  let backslashes = 0
  while (at - 1 - backslashes >= from && text.charAt(at - 1 - backslashes) === '\\') {
    backslashes += 1
  }
  return backslashes % 2 === 0
}

function mistake(code: NginxCode, message: string, span: Span, hint?: string): Token {
  const found = { kind: 'mistake', code, message, span } as const
  return { kind: 'mistake', mistake: hint === undefined ? found : { ...found, hint } }
}

/** Three escapes stand for control characters, three for themselves; all others stay as written. */
function decodeEscapes(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(/\\["'\\trn]/g, (pair) => escapes.get(pair) ?? pair)
}
