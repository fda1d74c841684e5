// A line of the screen: pieces with a style each, cut to the screen's width before they are painted.

import { paint } from '../terminal.ts'
import type { Style } from '../terminal.ts'

export interface Piece {
  readonly text: string
  readonly style?: Style | 'inverse'
}

export type Line = readonly Piece[]

const inverseOn = '\u001B[7m'
const inverseOff = '\u001B[27m'

/** At most `width` characters of it, painted where colours are wanted. */
export function lineText(line: Line, width: number, isColor: boolean): string {
  let left = width
  let text = ''
  for (const piece of line) {
    const cut = piece.text.slice(0, left)
    left -= cut.length
    text += pieceText({ ...piece, text: cut }, isColor)
  }
  return text
}

/** What is selected is told apart without colours, too. */
function pieceText({ text, style }: Piece, isColor: boolean): string {
  if (style === undefined || text === '') return text
  return style === 'inverse' ? `${inverseOn}${text}${inverseOff}` : paint(isColor, style, text)
}

/** Cells in columns: texts to the left, numbers (`isRight`) to the right; the last is not padded. */
export function tableLines(
  rows: readonly (readonly string[])[],
  isRight: (column: number) => boolean,
): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0
        if (isRight(at)) return cell.padStart(width)
        return at === row.length - 1 ? cell : cell.padEnd(width)
      })
      .join('  '),
  )
}
