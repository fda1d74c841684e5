// nginx tokens to a syntax tree. It goes on after a mistake, so that one run reports all of them.

import type { Span } from '../../base/diagnostic.ts'
import type { NginxCode } from './codes.ts'
import { Lexer } from './lexer.ts'
import type { Source, Token } from './lexer.ts'
import type { Mistake, Statement, Word } from './syntax.ts'

/** Real configurations nest five or six deep; the bound keeps hostile text off the stack. */
const maxDepth = 64

/**
 * Nobody is shown more mistakes than a thousand, and each unclosed quotation mark costs a look at
 * 4096 bytes, so that a large file of them would take minutes.
 */
const maxMistakes = 1001

interface ParseOptions {
  /** The text of `-g`: no blocks, and other words for its end. */
  readonly isCommandLine: boolean
}

/** Parses one text. Never throws; mistakes stand in the tree where nginx would have met them. */
export function parse(
  source: Source,
  options: ParseOptions = { isCommandLine: false },
): readonly Statement[] {
  return new Parser(source, options).run()
}

/** A block whose `}` has not come yet. */
interface OpenBlock {
  /** Undefined for a `{` that belongs to no directive: its body is given up. */
  readonly head: { readonly name: Word; readonly args: readonly Word[] } | undefined
  readonly open: Span
  readonly body: Statement[]
}

class Parser {
  readonly #lexer: Lexer
  readonly #isCommandLine: boolean
  readonly #statements: Statement[] = []
  readonly #blocks: OpenBlock[] = []
  /** The directive being read: its name and arguments so far. */
  #words: Word[] = []
  #mistakeCount = 0

  constructor(source: Source, { isCommandLine }: ParseOptions) {
    this.#lexer = new Lexer(source, { isCommandLine })
    this.#isCommandLine = isCommandLine
  }

  run(): readonly Statement[] {
    for (;;) {
      const token = this.#lexer.next()
      if (token.kind === 'end') this.#end(token)
      else this.#take(token)
      if (token.kind === 'end' || this.#mistakeCount >= maxMistakes) {
        while (this.#blocks.length > 0) this.#closeBlock()
        return this.#statements
      }
    }
  }

  #take(token: Exclude<Token, { kind: 'end' }>): void {
    switch (token.kind) {
      case 'word':
        this.#words.push(token.word)
        break
      case 'mistake':
        this.#add(token.mistake)
        break
      case ';':
        if (this.#words.length === 0) this.#unexpected(';', token.span)
        else this.#finish(token.span)
        break
      case '{':
        this.#open(token.span)
        break
      case '}':
        this.#close(token.span)
        break
    }
  }

  /** Where statements go now. */
  #body(): Statement[] {
    return this.#blocks.at(-1)?.body ?? this.#statements
  }

  #mistake(code: NginxCode, message: string, span: Span, hint?: string): void {
    const found: Mistake = { kind: 'mistake', code, message, span }
    this.#add(hint === undefined ? found : { ...found, hint })
  }

  #add(mistake: Mistake): void {
    this.#mistakeCount += 1
    this.#body().push(mistake)
  }

  #unexpected(char: string, span: Span, hint?: string): void {
    this.#mistake('nginx.unexpected', `unexpected "${char}"`, span, hint)
  }

  #takeWords(): readonly Word[] {
    const words = this.#words
    this.#words = []
    return words
  }

  #finish(end: Span): void {
    const [name, ...args] = this.#takeWords()
    if (name !== undefined) this.#body().push({ kind: 'directive', name, args, end })
  }

  #open(span: Span): void {
    const [name, ...args] = this.#takeWords()
    if (name === undefined) this.#unexpected('{', span)
    else if (this.#isCommandLine) {
      const message = 'block directives are not supported in -g option'
      this.#mistake('nginx.block_in_command_line', message, span)
    } else if (this.#blocks.length === maxDepth) {
      const message = `"${name.text}" stands deeper than ${maxDepth} blocks`
      this.#mistake('nginx.nesting_too_deep', message, name.span)
    }
    const isTooDeep = this.#blocks.length >= maxDepth
    const head = name === undefined || isTooDeep ? undefined : { name, args }
    this.#blocks.push({ head, open: span, body: [] })
  }

  #close(span: Span): void {
    const last = this.#words.at(-1)
    if (last !== undefined) {
      this.#unexpected('}', span, `end "${last.text}" with ";"`)
      this.#finish(span)
    }
    if (this.#blocks.length > 0) this.#closeBlock()
    else if (last === undefined) {
      this.#unexpected('}', span, 'remove it, or look for a "}" too many above')
    }
  }

  #closeBlock(): void {
    const block = this.#blocks.pop()
    if (block?.head === undefined) return
    const { head, body, open } = block
    this.#body().push({ kind: 'directive', ...head, body, end: open })
  }

  #end({ span, openQuote }: Extract<Token, { kind: 'end' }>): void {
    if (this.#words.length > 0 || openQuote !== undefined) this.#cutOff(span, openQuote)
    else if (this.#blocks.length > 0) this.#unclosed(span)
  }

  /** The text ends inside a directive. */
  #cutOff(span: Span, openQuote: Span | undefined): void {
    const message = this.#isCommandLine
      ? 'unexpected end of parameter, expecting ";"'
      : 'unexpected end of file, expecting ";" or "}"'
    const last = this.#words.at(-1)
    const missing = last === undefined ? undefined : `end "${last.text}" with ";"`
    const hint =
      openQuote === undefined
        ? missing
        : `the quotation mark in line ${openQuote.line}, column ${openQuote.column} is never closed`
    this.#mistake('nginx.unexpected_end', message, span, hint)
    // What an open quotation mark swallowed cannot be told from what was meant.
    if (openQuote === undefined) this.#finish(span)
    else this.#takeWords()
  }

  /** The text ends inside a block. nginx says it once, for the innermost one. */
  #unclosed(span: Span): void {
    const block = this.#blocks.at(-1)
    const hint =
      block?.head === undefined
        ? undefined
        : `the "{" of "${block.head.name.text}" in line ${block.open.line} is never closed`
    this.#mistake('nginx.unexpected_end', 'unexpected end of file, expecting "}"', span, hint)
  }
}
