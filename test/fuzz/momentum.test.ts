// Hostile and random configuration texts: loading never throws, always ends, and what it says about
// a text lies inside that text.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Diagnostic } from '../../src/base/diagnostic.ts'
import { detectDialect, loadConfiguration } from '../../src/dialect/detect.ts'
import { memoryReader } from '../../src/dialect/memory-reader.ts'
import { momentum } from '../../src/dialect/momentum/momentum.ts'
import { optionTable } from '../../src/dialect/momentum/option-table.ts'
import { parse } from '../../src/dialect/momentum/parser.ts'
import { print } from '../../src/dialect/momentum/print.ts'
import { createReport } from '../../src/dialect/momentum/report.ts'
import type { Statement } from '../../src/dialect/momentum/syntax.ts'

const file = '/conf/main.conf'
const reader = memoryReader(new Map([['/conf/other.conf', 'Idle_Time = 5 } {']]))

function load(text: string) {
  return momentum.load({ file, text, reader, searchPath: ['/conf'] })
}

function expectInside(text: string, diagnostics: readonly Diagnostic[]): void {
  const lines = text.split('\n')
  for (const { span, message } of diagnostics) {
    if (span === undefined || span.file !== file) continue
    const length = lines[span.line - 1]?.length ?? -1
    const { column, endColumn = column } = span
    const isInside = column >= 1 && column <= endColumn && endColumn <= length + 1
    expect(isInside, `${message} at ${span.line}:${column}-${endColumn}`).toBe(true)
  }
}

function parseTree(text: string): readonly Statement[] {
  return parse({ file, text }, createReport())
}

function withoutSpans(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === 'span' ? 0 : inner)))
}

/** Pieces of the language, so that random texts come near to sensible ones. */
const piece = fc.oneof(
  fc.constantFrom(
    ...Array.from('{}[]()="\'#/\\,;\n \0'),
    '/*',
    '*/',
    '\r\n',
    '\uFEFF',
    '\u00a0',
    'é',
    '😀',
  ),
  fc.constantFrom(
    'ESMTP_Listener',
    'Listen',
    'Peer',
    'Pathway',
    'Pathway_Group',
    'Domain',
    'Cluster',
  ),
  fc.constantFrom('":25"', '"10.0.0.0/8"', '10.0.0.1', '::1', '[::]:25', '/run/a.sock', '"a b"'),
  fc.constantFrom('include', '"other.conf"', '5', '-1', '30s', 'true', 'none', '__proto__'),
  fc.constantFrom(...optionTable.slice(0, 50).map(({ name: option }) => option)),
)
const soup = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(' '))
const tightSoup = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))
const anyText = fc.oneof(soup, tightSoup, fc.string({ unit: 'binary', maxLength: 300 }))

const span = { file, line: 1, column: 1 }
const name = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,9}$/)
  .filter((text) => !/^(readonly_)?include$/i.test(text))
  .map((text) => ({ text, span }))
/** NUL is the one character no configuration can hold. */
const word = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 20 }), piece, fc.constantFrom('true', '00', '1'))
  .map((text) => ({ text: text.replaceAll('\0', ''), span }))

const { body } = fc.letrec<{ body: Statement[]; statement: Statement }>((tie) => ({
  body: fc.array(tie('statement'), { maxLength: 4 }),
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('scalar' as const), name, value: word }),
    fc.record({
      kind: fc.constant('array' as const),
      name,
      items: fc.array(word, { maxLength: 4 }),
      span: fc.constant(span),
    }),
    fc.record({
      kind: fc.constant('dictionary' as const),
      name,
      entries: fc.array(fc.record({ key: word, value: word }), { maxLength: 4 }),
      span: fc.constant(span),
    }),
    fc.record({ kind: fc.constant('include' as const), isReadonly: fc.boolean(), path: word }),
    fc.record(
      { kind: fc.constant('scope' as const), name, instance: word, body: tie('body') },
      { requiredKeys: ['kind', 'name', 'body'] },
    ),
  ),
}))

describe('random configuration texts', () => {
  it('never make loading throw, and every span lies inside its file', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { diagnostics } = load(text)
        expectInside(text, diagnostics)
      }),
      { numRuns: 3000 },
    )
  })

  it('give a policy exactly when no diagnostic is an error', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { policy, diagnostics } = load(text)
        const hasErrors = diagnostics.some(({ severity }) => severity === 'error')
        expect(policy === undefined).toBe(hasErrors)
      }),
      { numRuns: 1000 },
    )
  })

  it('never make the choice of a dialect throw', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        detectDialect(text)
        expectInside(text, loadConfiguration({ file, text, reader, searchPath: [] }).diagnostics)
      }),
      { numRuns: 1000 },
    )
  })

  it('are the same after they were parsed and printed once', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const printed = print(parseTree(text))
        expect(print(parseTree(printed))).toBe(printed)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('random trees', () => {
  it('come back from their printed text, spans aside, and without a diagnostic', () => {
    fc.assert(
      fc.property(body, (tree) => {
        const report = createReport()
        const again = parse({ file, text: print(tree) }, report)
        expect(withoutSpans(again)).toEqual(withoutSpans(tree))
        expect(report.diagnostics()).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })
})

describe('hostile texts', () => {
  const large = 100 * 1024

  it.each([
    ['a line of 100 KiB', 'a'.repeat(large)],
    ['a line of 100 KiB in a value', `PIDFile = "${'a'.repeat(large)}"`],
    ['a line of 100 KiB of quotation marks', '"'.repeat(large)],
    ['a line of 100 KiB of commas', `a = ( ${','.repeat(large)} )`],
    ['a NUL byte', 'PIDFile = "a\0b"'],
    ['nothing but NUL bytes', '\0'.repeat(large)],
  ])('%s is a diagnostic', (_what, text) => {
    const { policy, diagnostics } = load(text)
    expect(policy).toBeUndefined()
    expect(diagnostics.length).toBeGreaterThan(0)
    for (const { message, hint } of diagnostics) {
      // A message quotes a value, it does not repeat 100 KiB of it.
      expect(message.length + (hint ?? '').length).toBeLessThan(2100)
    }
    expectInside(text, diagnostics)
  })
})
