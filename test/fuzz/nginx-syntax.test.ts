// Random nginx texts: reading always ends in diagnostics with spans inside their file, and printing
// a tree and parsing it again gives the same tree.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Diagnostic } from '../../src/base/diagnostic.ts'
import { memoryReader } from '../../src/dialect/memory-reader.ts'
import type { Context } from '../../src/dialect/nginx/directive-spec.ts'
import { directiveTable } from '../../src/dialect/nginx/directive-table.ts'
import { commandLine, parseGlobalDirectives } from '../../src/dialect/nginx/global-directives.ts'
import { globFiles } from '../../src/dialect/nginx/glob.ts'
import { nginx } from '../../src/dialect/nginx/nginx.ts'
import { parse } from '../../src/dialect/nginx/parser.ts'
import { print } from '../../src/dialect/nginx/print.ts'
import { readConfiguration } from '../../src/dialect/nginx/read.ts'
import type { ReadResult } from '../../src/dialect/nginx/read.ts'
import type { Statement } from '../../src/dialect/nginx/syntax.ts'
import {
  parseMilliseconds,
  parseOffset,
  parseSeconds,
  parseSize,
} from '../../src/dialect/nginx/units.ts'

const file = '/conf/main.conf'
const reader = memoryReader(
  new Map([
    ['/conf/other.conf', 'timeout 5s; } {'],
    ['/conf/d/a.conf', 'include d/*.conf;'],
  ]),
)

function read(text: string): ReadResult {
  return readConfiguration({ file, text, reader })
}

function expectInside(sources: ReadonlyMap<string, string>, found: readonly Diagnostic[]): void {
  for (const { span, message } of found) {
    if (span === undefined) continue
    const lines = (sources.get(span.file) ?? '').split('\n')
    const length = lines[span.line - 1]?.length ?? -1
    const { column, endColumn = column } = span
    const isInside = column >= 1 && column <= endColumn && endColumn <= length + 1
    expect(isInside, `${message} at ${span.file} ${span.line}:${column}-${endColumn}`).toBe(true)
  }
}

/** Trees without their places and mistakes. */
function bare(statements: readonly Statement[]): unknown {
  return statements.flatMap((statement) => {
    if (statement.kind === 'mistake') return []
    const { name, args, body } = statement
    const words = [name, ...args].map(({ text }) => text)
    return [body === undefined ? { words } : { words, body: bare(body) }]
  })
}

const marks = Array.from('{};;;;"\'#\\$ \n\n\t\r\0')
const examples = directiveTable.map(({ name, type }) => `${name} ${type.example}`)

/** Pieces of the language, so that random texts come near to sensible ones. */
const piece = fc.oneof(
  fc.constantFrom(...marks, '\\"', '${', '\uFEFF', '\u00a0', 'é', '😀', '\ud800'),
  fc.constantFrom('events { }', 'mail {', 'server {', 'peer 10.0.0.0/8 {', 'http {', '}', '}', ';'),
  fc.constantFrom('include', 'other.conf;', 'd/*.conf;', 'main.conf;', '[a', '__proto__', 'on'),
  fc.constantFrom(...examples),
  fc.constantFrom('127.0.0.1:143', '[::1]:25', '5s', '10m', 'zone=a:1m', '$remote_user', '"a b"'),
)
const soup = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(' '))
const tightSoup = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))
const anyText = fc.oneof(soup, tightSoup, fc.string({ unit: 'binary', maxLength: 300 }))

const span = { file, line: 1, column: 1 }
/** NUL is the one character no configuration can hold. */
const word = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 20 }), piece)
  .map((text) => ({ text: text.replaceAll('\0', ''), span }))

const { body } = fc.letrec<{ body: Statement[]; statement: Statement }>((tie) => ({
  body: fc.array(tie('statement'), { maxLength: 4 }),
  statement: fc.record(
    {
      kind: fc.constant('directive' as const),
      name: word,
      args: fc.array(word, { maxLength: 4 }),
      end: fc.constant(span),
      body: tie('body'),
    },
    { requiredKeys: ['kind', 'name', 'args', 'end'] },
  ),
}))

describe('random configuration texts', () => {
  it('never make reading throw, and every span lies inside its file', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { diagnostics, sources } = read(text)
        expectInside(sources, diagnostics)
      }),
      { numRuns: 3000 },
    )
  })

  it('give directives exactly when no diagnostic is an error, and else words of nginx', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { directives, diagnostics, emerg } = read(text)
        const first = diagnostics.find(({ severity }) => severity === 'error')
        expect(directives === undefined).toBe(first !== undefined)
        expect(emerg === undefined).toBe(first === undefined)
        // A message is shortened for people; nginx's words are not.
        if (first !== undefined) expect(emerg).toContain(first.message.slice(0, 20))
      }),
      { numRuns: 1000 },
    )
  })

  it('are the same after they were parsed and printed', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const tree = parse({ file, text })
        const printed = print(tree)
        expect(bare(parse({ file, text: printed }))).toEqual(bare(tree))
        expect(print(parse({ file, text: printed }))).toBe(printed)
      }),
      { numRuns: 2000 },
    )
  })

  it('are answered as the text of -g too', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const result = parseGlobalDirectives(text)
        const found = 'problem' in result ? result.diagnostics : result.warnings
        expectInside(new Map([[commandLine, text]]), found)
      }),
      { numRuns: 1000 },
    )
  })
})

/** Lines that are right in a block, in any choice and order. */
function linesOf(context: Context): fc.Arbitrary<string> {
  const right = directiveTable
    .filter((spec) => spec.block === undefined && spec.contexts.includes(context))
    .filter((spec) => spec.status !== 'later' && spec.type.example !== '')
    .map(({ name, type }) => `${name} ${type.example};`)
  return fc
    .subarray(right, { maxLength: Math.min(12, right.length) })
    .map((lines) => lines.join('\n'))
}

const rightish = fc
  .tuple(linesOf('main'), linesOf('mail'), linesOf('peer'), fc.array(linesOf('server')))
  .map(([main, mail, peer, servers]) => {
    const written = servers.map((lines, at) => `server { listen ${at + 1}; ${lines}\n}`)
    return `${main}\nevents { }\nmail { ${mail}\npeer ::/0 { ${peer} }\n${written.join('\n')} }`
  })

describe('random configurations of right lines', () => {
  it('mean a policy or have an error, never both, with every span in its place', () => {
    fc.assert(
      fc.property(fc.oneof(rightish, anyText), (text) => {
        const result = nginx.load({ file, text, reader, searchPath: [] })
        const hasError = result.diagnostics.some(({ severity }) => severity === 'error')
        expect(result.policy === undefined).toBe(hasError)
        expect(result.emerg === undefined).toBe(!hasError)
        expectInside(result.sources, result.diagnostics)
        expect(JSON.parse(JSON.stringify(result.policy ?? {}))).toEqual(result.policy ?? {})
      }),
      { numRuns: 2000 },
    )
  })
})

describe('random trees', () => {
  it('come back from their printed text, spans aside, and without a mistake', () => {
    fc.assert(
      fc.property(body, (tree) => {
        const again = parse({ file, text: print(tree) })
        expect(again.filter(({ kind }) => kind === 'mistake')).toEqual([])
        expect(bare(again)).toEqual(bare(tree))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('random units and patterns', () => {
  const unitText = fc.array(fc.constantFrom(...Array.from('0199yMwdhmsskKg .-')), { maxLength: 12 })

  it('are whole numbers that are not negative, or nothing', () => {
    fc.assert(
      fc.property(unitText, (characters) => {
        const text = characters.join('')
        for (const parseUnit of [parseSize, parseOffset, parseMilliseconds, parseSeconds]) {
          const value = parseUnit(text)
          if (value === undefined) continue
          expect(Number.isSafeInteger(value) && value >= 0, `${parseUnit.name} ${text}`).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('find files that are there, and each once', () => {
    const pattern = fc.array(fc.constantFrom(...Array.from('*?[]!-^\\/ad.conf')), { maxLength: 20 })
    fc.assert(
      fc.property(pattern, (characters) => {
        const found = globFiles(`/conf/${characters.join('')}`, reader, 100)
        for (const path of found) expect(reader.kindOf(path)).toBeDefined()
        expect(new Set(found).size).toBe(found.length)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('hostile texts', () => {
  const large = 100 * 1024

  it.each([
    ['a line of 100 KiB', 'a'.repeat(large)],
    ['a word of 100 KiB and its end', `${'a'.repeat(large)};`],
    ['a value of 100 KiB', `pid "${'a'.repeat(large)}";`],
    ['100 KiB of quotation marks', '"'.repeat(large)],
    ['100 KiB of open quotation marks in lines', `"a;\n'b;\n`.repeat(large / 8)],
    ['100 KiB of dollar signs and braces', '${'.repeat(large / 2)],
    ['100 KiB of braces behind a dollar sign', `$${'{'.repeat(large)}`],
    ['100 KiB of backslashes', '\\'.repeat(large)],
    ['100 KiB of blocks', 'a{'.repeat(large / 2)],
    ['100 KiB of closing braces', '}'.repeat(large)],
    ['100 KiB of semicolons', ';'.repeat(large)],
    ['100 KiB of arguments', `pid ${'a '.repeat(large / 2)};`],
    ['nothing but NUL bytes', '\0'.repeat(large)],
  ])('%s is a diagnostic, in a bounded time', (_what, text) => {
    const start = performance.now()
    const { directives, diagnostics, sources } = read(text)
    // Twenty times what the slowest takes; a quadratic reader would need minutes.
    expect(performance.now() - start).toBeLessThan(5000)
    expect(directives).toBeUndefined()
    expect(diagnostics.length).toBeGreaterThan(0)
    for (const { message, hint } of diagnostics) {
      // A message quotes a value, it does not repeat 100 KiB of it.
      expect(message.length + (hint ?? '').length).toBeLessThan(2100)
    }
    expectInside(sources, diagnostics)
  })
})
