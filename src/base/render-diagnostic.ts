// Shows a diagnostic to a person: where, what, the source line with a caret, and a hint.

import type { Diagnostic, Severity, Span } from './diagnostic.ts'
import { coverSecrets } from './secrets.ts'

// Longer source lines are shown as a window around the caret: this is what a wide terminal holds.
const widestLine = 160
// How much of the window stands before the caret, so that what led to it is seen.
const columnsBeforeCaret = 60
// A tab is shown as so many spaces, wherever it stands, so that the caret stays below its
// character.
const tabSpaces = '    '
const cutMark = '...'
// Control and format characters, unassigned and unpaired ones, line and paragraph separators: they
// could move the cursor, hide text or turn its direction.
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u

const colorOf: Readonly<Record<Severity, string>> = {
  error: '\u001b[1;31m',
  warning: '\u001b[1;33m',
  note: '\u001b[1;36m',
}
const bold = '\u001b[1m'
const plain = '\u001b[0m'

/** What is shown, and where in it the caret stands. */
interface Excerpt {
  readonly text: string
  readonly caretAt: number
  readonly caretCount: number
}

/**
 * The text of one diagnostic, without a line end after its last line. The source line is left out
 * when `sources` does not have the file. Whatever the file contains, only printable text comes out.
 *
 * @example
 * renderDiagnostic(diagnostic, new Map([['ecelerity.conf', text]]), { color: false })
 * // ecelerity.conf:3:1: error: unknown option "Servce_Sessions" [unknown_option]
 * // 3 | Servce_Sessions = 20
 * //   | ^^^^^^^^^^^^^^^
 * //   = did you mean "Service_Sessions"?
 */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  sources: ReadonlyMap<string, string>,
  options: { readonly color: boolean },
): string {
  const { severity, code, message, span, hint } = diagnostic
  const paint = (text: string, color: string): string =>
    options.color ? `${color}${text}${plain}` : text
  const color = colorOf[severity]
  const place = span === undefined ? '' : `${span.file}:${span.line}:${span.column}: `
  const head = `${paint(printable(place), bold)}${paint(`${severity}:`, color)}`
  const lines = [`${head} ${printable(message)} [${printable(code)}]`]
  const line = span === undefined ? undefined : lineOf(sources.get(span.file), span.line)
  const source = line === undefined ? undefined : coverSecrets(line)
  const number = span === undefined || source === undefined ? '' : String(span.line)
  const margin = ' '.repeat(Math.max(1, number.length))
  if (span !== undefined && source !== undefined) {
    const { text, caretAt, caretCount } = excerpt(source, span)
    lines.push(`${number} | ${text}`.trimEnd())
    lines.push(`${margin} | ${' '.repeat(caretAt)}${paint('^'.repeat(caretCount), color)}`)
  }
  if (hint !== undefined) lines.push(`${margin} = ${printable(hint)}`)
  return lines.join('\n')
}

/** One line of a text, counted from 1, without its line end. Only that line is copied. */
function lineOf(text: string | undefined, line: number): string | undefined {
  if (text === undefined || line < 1) return undefined
  let start = 0
  for (let at = 1; at < line; at += 1) {
    const end = text.indexOf('\n', start)
    if (end < 0) return undefined
    start = end + 1
  }
  const end = text.indexOf('\n', start)
  const found = text.slice(start, end < 0 ? undefined : end)
  return found.endsWith('\r') ? found.slice(0, -1) : found
}

/** The shown line, and the columns in it that the span's columns became. */
function excerpt(source: string, span: Span): Excerpt {
  const from = Math.min(Math.max(span.column - 1, 0), source.length)
  const to = Math.min(Math.max((span.endColumn ?? span.column + 1) - 1, from), source.length)
  // No more of a huge line is turned into text than could be shown.
  const cutBefore = Math.max(0, from - widestLine)
  const before = printable(source.slice(cutBefore, from))
  const marked = printable(source.slice(from, Math.min(to, from + widestLine)))
  const after = printable(source.slice(Math.min(to, from + widestLine), to + widestLine))
  const whole = before + marked + after
  const caretCount = Math.max(1, marked.length)
  const isWhole = cutBefore === 0 && to + widestLine >= source.length
  if (isWhole && whole.length <= widestLine) {
    return { text: whole, caretAt: before.length, caretCount }
  }
  return windowOf(whole, { caretAt: before.length, caretCount })
}

function windowOf(whole: string, { caretAt, caretCount }: Omit<Excerpt, 'text'>): Excerpt {
  const start = Math.max(0, caretAt - columnsBeforeCaret)
  const end = start + widestLine
  const left = start > 0 ? cutMark : ''
  const right = end < whole.length ? cutMark : ''
  const text = left + whole.slice(start + left.length, end - right.length) + right
  const shownAt = caretAt - start
  return { text, caretAt: shownAt, caretCount: Math.min(caretCount, widestLine - shownAt) }
}

/** Text that cannot paint the terminal: tabs as spaces, everything unprintable escaped. */
function printable(text: string): string {
  let shown = ''
  for (const character of text) {
    if (character === '\t') shown += tabSpaces
    else shown += unprintable.test(character) ? escapeCharacter(character) : character
  }
  return shown
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16).toUpperCase()
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`
}
