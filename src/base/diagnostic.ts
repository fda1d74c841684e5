// What is wrong with a configuration text, where, and how to mend it.

/** A place in a source text. Lines and columns count from 1; columns count UTF-16 units. */
export interface Span {
  readonly file: string
  readonly line: number
  readonly column: number
  /** One past the last column on `line`; absent means one character. */
  readonly endColumn?: number
}

export type Severity = 'error' | 'warning' | 'note'

/** One finding about a configuration text. `code` is listed in docs/errors.md. */
export interface Diagnostic {
  readonly severity: Severity
  readonly code: string
  readonly message: string
  readonly span?: Span
  /** What would be right, as a sentence ("did you mean ..."). */
  readonly hint?: string
}

/** A value together with the place where it was written. */
export interface Sourced<T> {
  readonly value: T
  readonly span: Span
}
