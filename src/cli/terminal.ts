// What the command line needs from the outside, so that tests can put anything in its place.

import { styleText } from 'node:util'

export interface Terminal {
  /** Standard output: what was asked for. */
  out(text: string): void
  /** Standard error: everything else. */
  err(text: string): void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** How this program was called, for lines to copy: `postern` or `node dist/cli/main.js`. */
  readonly invocation: string
  readonly isColorOut: boolean
  readonly isColorErr: boolean
  /** Somebody watches standard error: progress may be shown there. */
  readonly isTerminalErr?: boolean
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Styled text where colours are wanted, the text itself elsewhere. */
export function paint(isColor: boolean, style: Style, text: string): string {
  // The caller knows the stream; styleText must not ask stdout again.
  return isColor ? styleText(style, text, { validateStream: false }) : text
}

/** Rows as columns, each as wide as its widest cell; the last one is not padded. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  }
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  return lines.map((line) => `${line}\n`).join('')
}

/** A value as JSON for machines: two blanks deep, one line end. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
