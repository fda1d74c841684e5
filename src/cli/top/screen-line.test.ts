import { describe, expect, it } from 'vitest'
import { lineText, tableLines } from './screen-line.ts'

describe('a line of the screen', () => {
  const line = [{ text: 'full', style: 'red' as const }, { text: ' of it' }]

  it('is cut to the width before it is painted', () => {
    expect(lineText(line, 6, false)).toBe('full o')
    expect(lineText(line, 2, true)).toBe('\u001B[31mfu\u001B[39m')
    expect(lineText(line, 0, true)).toBe('')
  })

  it('shows what is selected without colours, too', () => {
    expect(lineText([{ text: 'row', style: 'inverse' }], 80, false)).toBe('\u001B[7mrow\u001B[27m')
  })

  it('stands in columns, numbers to the right', () => {
    const rows = [
      ['A', 'N', 'REST'],
      ['long', '7', 'x'],
      ['b', '1234', ''],
    ]
    expect(tableLines(rows, (at) => at === 1)).toEqual([
      'A        N  REST',
      'long     7  x',
      'b     1234  ',
    ])
  })
})
