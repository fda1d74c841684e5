// The syntax tree of an nginx text: directives and blocks, and the mistakes in their places.

import type { Span } from '../../base/diagnostic.ts'
import type { NginxCode } from './codes.ts'

/** A name or an argument: its decoded text. Whether it was quoted is of no consequence. */
export interface Word {
  readonly text: string
  readonly span: Span
}

/** `name argument;` or `name argument { ... }` */
export interface Directive {
  readonly kind: 'directive'
  readonly name: Word
  readonly args: readonly Word[]
  /** Absent when the directive ends in `;`. */
  readonly body?: readonly Statement[]
  /** The `;` or `{`: nginx reports a directive at the line where it stands. */
  readonly end: Span
}

/**
 * Something that could not be read or included. It stands in the tree where nginx would have
 * stopped, so that whoever walks the tree meets all mistakes in nginx's order.
 */
export interface Mistake {
  readonly kind: 'mistake'
  readonly code: NginxCode
  readonly message: string
  /** Absent only when the main file could not be read. */
  readonly span?: Span
  readonly hint?: string
}

export type Statement = Directive | Mistake
