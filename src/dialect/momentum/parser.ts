// Momentum tokens to a syntax tree. Recursive descent with recovery: one run reports all mistakes.

import type { Span } from '../../base/diagnostic.ts'
import { tokenize } from './lexer.ts'
import type { Source, Token, TokenKind } from './lexer.ts'
import { Mistakes } from './mistakes.ts'
import type { Report } from './report.ts'
import { foldName, joinSpans } from './syntax.ts'
import type { Dictionary, Entry, OptionStatement, Statement, Word } from './syntax.ts'

/** Momentum's deepest documented nesting is 4; the bound keeps hostile text off the stack. */
const maxDepth = 32

const namePattern = /^[A-Za-z_][A-Za-z0-9_-]*$/

/** Parses one text. Never throws; what could not be understood is reported and left out. */
export function parse(source: Source, report: Report): readonly Statement[] {
  return new Parser(tokenize(source, report), report).file()
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #mistakes: Mistakes
  readonly #endToken: Token
  #at = 0

  constructor(tokens: readonly Token[], report: Report) {
    this.#tokens = tokens
    this.#mistakes = new Mistakes(report)
    const end = tokens.at(-1)
    if (end === undefined) throw new Error('postern: a token list ends with an end token')
    this.#endToken = end
  }

  file(): readonly Statement[] {
    const statements: Statement[] = []
    while (this.#peek().kind !== 'end') {
      this.#statements(statements, 0)
      if (this.#peek().kind === '}') this.#mistakes.unmatchedBrace(this.#next().span)
    }
    return statements
  }

  #peek(offset = 0): Token {
    return this.#tokens[this.#at + offset] ?? this.#endToken
  }

  #next(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#at += 1
    return token
  }

  #isValue(offset = 0): boolean {
    const { kind } = this.#peek(offset)
    return kind === 'word' || kind === 'string'
  }

  /** Statements up to a closing brace or the end, neither of which is consumed. */
  #statements(into: Statement[], depth: number): void {
    for (;;) {
      const { kind } = this.#peek()
      if (kind === 'end' || kind === '}') return
      const statement = this.#statement(depth)
      if (statement !== undefined) into.push(statement)
    }
  }

  #statement(depth: number): Statement | undefined {
    const token = this.#next()
    if (token.kind !== 'word' || !namePattern.test(token.text))
      return this.#unexpected(token, depth)
    const folded = foldName(token.text)
    if (folded === 'include' || folded === 'readonly_include') {
      return this.#include(token, folded === 'readonly_include')
    }
    const name: Word = { text: token.text, span: token.span }
    switch (this.#peek().kind) {
      case '=':
        return this.#afterEquals(name, depth)
      case '{':
        return this.#scope(name, undefined, depth)
      case '(':
      case '[':
        return this.#isUnquotedEndpoint()
          ? this.#unquotedEndpoint(name, depth)
          : this.#withoutEquals(name)
      case 'word':
      case 'string':
        return this.#instanceOrMistake(name, depth)
      case '}':
      case ']':
      case ')':
      case 'end':
        return this.#valueMissing(name, this.#blankHint(this.#at - 1))
    }
  }

  #include(keyword: Token, isReadonly: boolean): Statement | undefined {
    if (this.#isValue()) return { kind: 'include', isReadonly, path: wordOf(this.#next()) }
    this.#mistakes.pathMissing(keyword)
    // `include = "x"`: what follows is not a statement of its own.
    if (this.#peek().kind === '=') this.#next()
    if (this.#isValue() && this.#peek(-1).kind === '=') this.#next()
    return undefined
  }

  #afterEquals(name: Word, depth: number): Statement | undefined {
    const equals = this.#next()
    switch (this.#peek().kind) {
      case 'word':
      case 'string':
        return { kind: 'scalar', name, value: wordOf(this.#next()) }
      case '(':
        return this.#array(name)
      case '[':
        return this.#dictionary(name)
      case '{':
        this.#mistakes.equalsBeforeBrace(equals)
        return this.#scope(name, undefined, depth)
      case '=':
      case '}':
      case ']':
      case ')':
      case 'end':
        return this.#valueMissing(name)
    }
  }

  #withoutEquals(name: Word): Statement {
    const open = this.#peek()
    this.#mistakes.equalsMissing(name, open)
    return open.kind === '(' ? this.#array(name) : this.#dictionary(name)
  }

  /** `name word`: a scope when a brace follows, else a forgotten "=" or a forgotten value. */
  #instanceOrMistake(name: Word, depth: number): Statement | undefined {
    const follower = this.#peek(1).kind
    if (follower === '{') return this.#scope(name, wordOf(this.#next()), depth)
    if (follower === '=' && this.#peek(2).kind === '{') {
      const instance = wordOf(this.#next())
      this.#mistakes.equalsBeforeBrace(this.#next())
      return this.#scope(name, instance, depth)
    }
    const token = this.#peek()
    if (token.span.line !== name.span.line || startsStatement(follower)) {
      return this.#valueMissing(name, this.#blankHint(this.#at - 1))
    }
    this.#mistakes.valueWithoutEquals(name, this.#next())
    return undefined
  }

  #valueMissing(name: Word, hint?: string): undefined {
    this.#mistakes.valueMissing(name, hint)
    return undefined
  }

  #scope(name: Word, instance: Word | undefined, depth: number): Statement | undefined {
    const open = this.#next()
    if (depth >= maxDepth) return this.#tooDeep(name)
    const body: Statement[] = []
    this.#statements(body, depth + 1)
    if (this.#peek().kind === '}') this.#next()
    else this.#mistakes.unclosed(open, name)
    return { kind: 'scope', name, body, ...(instance === undefined ? {} : { instance }) }
  }

  #tooDeep(name: Word): undefined {
    this.#mistakes.tooDeep(name, maxDepth)
    this.#skipBalanced()
    return undefined
  }

  /** To behind the brace that closes the one just consumed. */
  #skipBalanced(): void {
    for (let openCount = 1; openCount > 0 && this.#peek().kind !== 'end';) {
      const { kind } = this.#next()
      if (kind === '{') openCount += 1
      if (kind === '}') openCount -= 1
    }
  }

  #array(name: Word): OptionStatement {
    const open = this.#next()
    const opened = this.#at
    const items: Word[] = []
    while (this.#isValue()) {
      const token = this.#next()
      if (token.kind === 'string') items.push(wordOf(token))
      else for (const word of splitAtCommas(token)) items.push(word)
    }
    return { kind: 'array', name, items, span: this.#closeBracket(open, opened, name) }
  }

  #dictionary(name: Word): Dictionary {
    const open = this.#next()
    const opened = this.#at
    const entries: Entry[] = []
    const incomplete: Word[] = []
    for (;;) {
      const token = this.#peek()
      if (token.kind === '=') {
        this.#mistakes.notAKey(this.#next())
        continue
      }
      if (!this.#isValue()) break
      const key = wordOf(this.#next())
      const isEntry = this.#peek().kind === '=' && this.#isValue(1)
      if (this.#peek().kind === '=') this.#next()
      if (isEntry) entries.push({ key, value: wordOf(this.#next()) })
      else incomplete.push(key)
    }
    const stop = this.#peek()
    for (const key of incomplete) {
      // Without a closing bracket the last line was never meant to be part of the dictionary.
      if (stop.kind === ']' || key.span.line !== stop.span.line) this.#valueMissing(key)
    }
    return { kind: 'dictionary', name, entries, span: this.#closeBracket(open, opened, name) }
  }

  /** Consumes the bracket that closes `open`; when it is missing, the next line may go on. */
  #closeBracket(open: Token, opened: number, name: Word): Span {
    const token = this.#peek()
    if (token.kind === (open.kind === '(' ? ')' : ']'))
      return joinSpans(open.span, this.#next().span)
    this.#mistakes.unclosed(open, name)
    if (token.span.line === open.span.line) return open.span
    // `( a b` newline `Idle_Time = 5`: the last line was swallowed as items; give it back.
    while (this.#at > opened && this.#peek(-1).span.line === token.span.line) this.#at -= 1
    return open.span
  }

  /** `Listen [::]:25 {` or `Peer [::1] {`, without the quotation marks that Momentum demands. */
  #isUnquotedEndpoint(): boolean {
    const [close, tail] = [this.#peek(2), this.#peek(3)]
    if (this.#peek().kind !== '[' || this.#peek(1).kind !== 'word' || close.kind !== ']')
      return false
    if (tail.kind === '{') return true
    return tail.text.startsWith(':') && tail.span.column === close.span.endColumn
  }

  #unquotedEndpoint(name: Word, depth: number): Statement | undefined {
    const [open, host, close] = [this.#next(), this.#next(), this.#next()]
    const port = this.#peek().kind === '{' ? undefined : this.#next()
    const span = joinSpans(open.span, (port ?? close).span)
    // Brackets belong to a port; a Peer has none.
    const text = port === undefined ? host.text : `[${host.text}]${port.text}`
    const written = { text: `[${host.text}]${port?.text ?? ''}`, span }
    this.#mistakes.unquotedBrackets(name, written, text)
    if (this.#peek().kind !== '{') return undefined
    return this.#scope(name, { text, span }, depth)
  }

  #unexpected(token: Token, depth: number): undefined {
    this.#mistakes.unexpected(token, this.#blankHint(this.#at - 1))
    this.#skipRest(token, depth)
    return undefined
  }

  /** `name = two words`: what the token at `index` is when it follows a value on its line. */
  #blankHint(index: number): string | undefined {
    const [equals, value, token] = this.#tokens.slice(Math.max(index - 2, 0), index + 1)
    if (equals?.kind !== '=' || value?.span.line !== token?.span.line) return undefined
    return 'a value with blanks needs quotation marks'
  }

  /** Leaves out what belonged to a thing that is no statement: its value, its body. */
  #skipRest(token: Token, depth: number): void {
    if (token.kind === '{') {
      if (depth >= maxDepth) {
        this.#skipBalanced()
        return
      }
      const ignored: Statement[] = []
      this.#statements(ignored, depth + 1)
      if (this.#peek().kind === '}') this.#next()
      return
    }
    if (this.#peek().kind !== '=' || token.kind === '=') return
    this.#next()
    if (this.#isValue()) this.#next()
  }
}

function startsStatement(kind: TokenKind): boolean {
  return kind === '=' || kind === '(' || kind === '['
}

function wordOf(token: Token): Word {
  return { text: token.text, span: token.span }
}

/** Items of a list may be separated by commas (`("from", "to")`); a bareword holds none. */
function splitAtCommas(token: Token): Word[] {
  const { text, span } = token
  if (!text.includes(',')) return [wordOf(token)]
  const words: Word[] = []
  let column = span.column
  for (const part of text.split(',')) {
    const endColumn = column + part.length
    if (part !== '') words.push({ text: part, span: { ...span, column, endColumn } })
    column = endColumn + 1
  }
  return words
}
