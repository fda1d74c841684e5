// The syntax tree of a Momentum text: what was written and where, before any meaning.

import type { Span } from '../../base/diagnostic.ts'

/** A name, value, key or instance: its decoded text. Whether it was quoted is of no consequence. */
export interface Word {
  readonly text: string
  readonly span: Span
}

/** `name = value` */
interface Scalar {
  readonly kind: 'scalar'
  readonly name: Word
  readonly value: Word
}

/** `name = ( item item )` */
interface ArrayStatement {
  readonly kind: 'array'
  readonly name: Word
  readonly items: readonly Word[]
  readonly span: Span
}

export interface Entry {
  readonly key: Word
  readonly value: Word
}

/** `name = [ key = value key = value ]` */
export interface Dictionary {
  readonly kind: 'dictionary'
  readonly name: Word
  readonly entries: readonly Entry[]
  readonly span: Span
}

/** `name { ... }` or `name "instance" { ... }` */
export interface ScopeStatement {
  readonly kind: 'scope'
  readonly name: Word
  readonly instance?: Word
  readonly body: readonly Statement[]
}

/** `include "path"` or `readonly_include "path"` */
interface Include {
  readonly kind: 'include'
  readonly isReadonly: boolean
  readonly path: Word
}

export type OptionStatement = Scalar | ArrayStatement | Dictionary
export type Statement = OptionStatement | ScopeStatement | Include

/** Names are compared without case: "all configuration options are case insensitive". */
export function foldName(name: string): string {
  return name.toLowerCase()
}

/** Where the value of an option stands. */
export function valueSpan(statement: OptionStatement): Span {
  return statement.kind === 'scalar' ? statement.value.span : statement.span
}

/** From the first word to the last one, or the first alone when they stand on different lines. */
export function joinSpans(first: Span, last: Span): Span {
  if (first.line !== last.line || last.endColumn === undefined) return first
  return { ...first, endColumn: last.endColumn }
}
