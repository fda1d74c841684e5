// Collects the diagnostics of one load, in a bounded way. Every dialect reports through it.

import type { Diagnostic, Severity, Span } from '../base/diagnostic.ts'
import { coverSecrets } from '../base/secrets.ts'

/** One finding before it is given a severity. */
export interface Finding<Code extends string> {
  readonly code: Code
  readonly message: string
  readonly span?: Span | undefined
  readonly hint?: string | undefined
}

/** Nobody reads more errors than this, and a binary file as configuration would make millions. */
const maxErrors = 1000

/** Gathers findings in their order. Errors beyond the first thousand are only counted. */
export class Report<Code extends string> {
  readonly #diagnostics: Diagnostic[] = []
  readonly #tooManyCode: Code
  #errorCount = 0

  /** `tooManyCode` is the code of the line that says how many errors are not shown. */
  constructor(tooManyCode: Code) {
    this.#tooManyCode = tooManyCode
  }

  error(finding: Finding<Code>): void {
    this.#errorCount += 1
    if (this.#errorCount <= maxErrors) this.#add('error', finding)
  }

  warn(finding: Finding<Code>): void {
    this.#add('warning', finding)
  }

  note(finding: Finding<Code>): void {
    this.#add('note', finding)
  }

  get hasErrors(): boolean {
    return this.#errorCount > 0
  }

  /** Further errors are not shown, so nothing more need be found out about them. */
  get isFull(): boolean {
    return this.#errorCount > maxErrors
  }

  /** Everything found so far, in the order it was found. */
  diagnostics(): readonly Diagnostic[] {
    const hiddenCount = this.#errorCount - maxErrors
    if (hiddenCount <= 0) return [...this.#diagnostics]
    const message = `${hiddenCount} more errors are not shown`
    return [...this.#diagnostics, { severity: 'error', code: this.#tooManyCode, message }]
  }

  #add(severity: Severity, finding: Finding<Code>): void {
    const { code, message, span, hint } = finding
    this.#diagnostics.push({
      severity,
      code,
      message: shortened(coverSecrets(message), maxMessage),
      ...(span === undefined ? {} : { span }),
      ...(hint === undefined ? {} : { hint: shortened(coverSecrets(hint), maxMessage) }),
    })
  }
}

/** A chain of 16 included files fits; a name of 100 KiB, quoted in a message, does not. */
const maxMessage = 1000

function shortened(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text
}

/** Longest excerpt of the text quoted in a message; enough to recognise a value. */
const maxQuoted = 60

/** A piece of the text, quoted for a message: shortened, control characters escaped. */
export function quoted(text: string): string {
  return JSON.stringify(shortened(text, maxQuoted))
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`
}
