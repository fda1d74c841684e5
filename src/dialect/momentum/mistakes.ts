// What the parser says about each kind of mistake: message, place and mend, in one spot.

import type { Span } from '../../base/diagnostic.ts'
import type { Token, TokenKind } from './lexer.ts'
import { quoted } from './report.ts'
import type { Report } from './report.ts'
import { joinSpans } from './syntax.ts'
import type { Word } from './syntax.ts'

const closing: { readonly [K in TokenKind]?: string } = { '{': '}', '[': ']', '(': ')' }

const unclosedCodes = {
  '{': 'momentum.brace_unclosed',
  '[': 'momentum.dictionary_unclosed',
  '(': 'momentum.array_unclosed',
} as const

/** Reports the mistakes of one file. Tolerated slips are named once, the others every time. */
export class Mistakes {
  readonly #report: Report
  #isEqualsBeforeBraceReported = false
  #isEqualsMissingReported = false

  constructor(report: Report) {
    this.#report = report
  }

  unexpected(token: Token, hint: string | undefined): void {
    const isText = token.kind === 'string' || token.kind === 'word'
    const shown = isText ? quoted(token.text) : token.kind
    const message = `expected the name of an option or scope, not ${shown}`
    this.#report.error({ code: 'momentum.unexpected', message, span: token.span, hint })
  }

  notAKey(token: Token): void {
    const message = `expected a key of the dictionary, not ${token.kind}`
    this.#report.error({ code: 'momentum.unexpected', message, span: token.span })
  }

  valueMissing(name: Word, hint = `write ${name.text} = value`): void {
    const message = `${name.text} has no value`
    this.#report.error({ code: 'momentum.value_missing', message, span: name.span, hint })
  }

  /** `name value` where `name = value` was meant. */
  valueWithoutEquals(name: Word, value: Token): void {
    const shown = value.kind === 'string' ? quoted(value.text) : value.text
    this.#report.error({
      code: 'momentum.value_missing',
      message: `no "=" between ${name.text} and ${shown}`,
      span: joinSpans(name.span, value.span),
      hint: `write ${name.text} = ${shown}`,
    })
  }

  pathMissing(keyword: Token): void {
    this.#report.error({
      code: 'momentum.value_missing',
      message: `${keyword.text} without a path`,
      span: keyword.span,
      hint: `write ${keyword.text} "file.conf"`,
    })
  }

  unclosed(open: Token, name: Word): void {
    const kind = open.kind === '[' || open.kind === '(' ? open.kind : '{'
    this.#report.error({
      code: unclosedCodes[kind],
      message: `the "${kind}" of ${name.text} is never closed`,
      span: open.span,
      hint: `close it with "${closing[kind] ?? ''}"`,
    })
  }

  unmatchedBrace(span: Span): void {
    this.#report.error({
      code: 'momentum.brace_unmatched',
      message: '"}" closes nothing',
      span,
      hint: 'remove it, or look for a "}" too many above',
    })
  }

  tooDeep(name: Word, maxDepth: number): void {
    const message = `${name.text} stands deeper than ${maxDepth} scopes`
    this.#report.error({ code: 'momentum.nesting_too_deep', message, span: name.span })
  }

  /** `Listen [::]:25`: `text` is what should have been quoted. */
  unquotedBrackets(name: Word, written: Word, text: string): void {
    this.#report.error({
      code: 'momentum.unquoted_brackets',
      message: `${written.text} stands without quotation marks`,
      span: written.span,
      hint: `write ${name.text} "${text}"`,
    })
  }

  equalsBeforeBrace(equals: Token): void {
    if (this.#isEqualsBeforeBraceReported) return
    this.#isEqualsBeforeBraceReported = true
    this.#report.warn({
      code: 'momentum.equals_before_brace',
      message: '"=" before "{"',
      span: equals.span,
      hint: 'leave the "=" out: this opens a scope',
    })
  }

  equalsMissing(name: Word, open: Token): void {
    if (this.#isEqualsMissingReported) return
    this.#isEqualsMissingReported = true
    this.#report.warn({
      code: 'momentum.equals_missing',
      message: `no "=" between ${name.text} and "${open.kind}"`,
      span: open.span,
      hint: `write ${name.text} = ${open.kind}`,
    })
  }
}
