// What the check answers: directives that are right, with their arguments read.

import type { Span } from '../../base/diagnostic.ts'
import type { DirectiveSpec, Value } from './directive-spec.ts'
import type { Word } from './syntax.ts'

/** A directive whose place, number of arguments and values are right. */
export interface CheckedDirective {
  readonly spec: DirectiveSpec
  readonly name: Word
  readonly args: readonly Word[]
  readonly value: Value
  /** Empty for a directive without a block. */
  readonly body: readonly CheckedDirective[]
  /** The `;` or `{`, whose line nginx names when it speaks of the directive later on. */
  readonly end: Span
}
