// The tree: what each form of statement becomes, and that no text is too much for the parser.

import { describe, expect, it } from 'vitest'
import { parse } from './parser.ts'
import { createReport } from './report.ts'
import type { Statement } from './syntax.ts'

function read(text: string): { tree: readonly Statement[]; codes: string[] } {
  const report = createReport()
  const tree = parse({ file: 'a.conf', text }, report)
  return { tree, codes: report.diagnostics().map(({ code }) => code) }
}

function span(line: number, column: number, endColumn: number) {
  return { file: 'a.conf', line, column, endColumn }
}

describe('parse', () => {
  it('puts a span on names and values', () => {
    expect(read('Idle_Time = "30"').tree).toEqual([
      {
        kind: 'scalar',
        name: { text: 'Idle_Time', span: span(1, 1, 10) },
        value: { text: '30', span: span(1, 13, 17) },
      },
    ])
  })

  it('tells the option pathway from the scope by the next token', () => {
    const kinds = read('pathway = p\npathway "p" { }\npathway p { }').tree.map(({ kind }) => kind)
    expect(kinds).toEqual(['scalar', 'scope', 'scope'])
  })

  it('splits barewords at commas in lists, and only there', () => {
    const { tree } = read('a = ( x,y, "1,2" , z )\nb = x,y')
    expect(tree).toMatchObject([
      {
        items: [
          { text: 'x', span: span(1, 7, 8) },
          { text: 'y', span: span(1, 9, 10) },
          { text: '1,2' },
          { text: 'z' },
        ],
      },
      { value: { text: 'x,y' } },
    ])
  })

  it('goes on behind a mistake, so that one run reports all of them', () => {
    const { tree, codes } = read('a\n= 1\n) b = 2 }\nc = ( d\ne = 3\nf { g = 4')
    expect(codes).toEqual([
      'momentum.unexpected',
      'momentum.brace_unmatched',
      'momentum.array_unclosed',
      'momentum.brace_unclosed',
    ])
    expect(tree.map((statement) => 'name' in statement && statement.name.text)).toEqual([
      'a',
      'b',
      'c',
      'e',
      'f',
    ])
  })

  it('warns once per file about each tolerated slip', () => {
    const { codes } = read('a = { } b = { } c [ ] d ( )')
    expect(codes).toEqual(['momentum.equals_before_brace', 'momentum.equals_missing'])
  })

  it.each([
    ['nested scopes', 'a { '],
    ['bare braces', '{ '],
    ['brackets', 'a = ( '],
    ['dictionaries', 'a [ b = '],
    ['closing braces', '} '],
    ['escaped quotes', '\\"\n'],
    ['quotes of both kinds', '"\'\n'],
    ['commas', '(,,,\n'],
  ])('reads 100,000 %s without overflow and in linear time', (_what, piece) => {
    const started = performance.now()
    read(piece.repeat(100_000))
    // A quadratic pass over this much takes minutes; a linear one well below a second.
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})
