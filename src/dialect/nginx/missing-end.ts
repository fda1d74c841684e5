// Finds where a forgotten semicolon was meant to be: before a line that starts like a directive.

import { isKnownName } from './directive-table.ts'
import type { Directive } from './syntax.ts'

/** Whether argument `index` stands first in its line and reads like the name of a directive. */
export function startsLine(directive: Directive, index: number): boolean {
  const word = directive.args[index]
  const before = index === 0 ? directive.name : directive.args[index - 1]
  if (word === undefined || before === undefined) return false
  const isFirst = word.span.file === before.span.file && word.span.line > before.span.line
  return isFirst && isKnownName(word.text)
}

/** The directive cut in two at the first such line; undefined when there is none. */
export function splitAtLine(directive: Directive): readonly [Directive, Directive] | undefined {
  const at = directive.args.findIndex((_, index) => startsLine(directive, index))
  const name = directive.args[at]
  if (name === undefined) return undefined
  const { body: _body, ...head } = directive
  const first: Directive = { ...head, args: directive.args.slice(0, at) }
  return [first, { ...directive, name, args: directive.args.slice(at + 1) }]
}

/** Asks about the semicolon that would explain what was read. */
export function missingEndHint(directive: Directive): string | undefined {
  const swallowed = directive.args.find((_, index) => startsLine(directive, index))
  return swallowed === undefined
    ? undefined
    : `is a ";" missing before line ${swallowed.span.line}?`
}
