// Runs every NAME.case: a configuration, a line of dashes, and what loading it must give.
// Adding a case is adding a file; UPDATE_GOLDENS=1 writes what loading gives now.

import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Span } from '../../src/base/diagnostic.ts'
import { renderDiagnostic } from '../../src/base/render-diagnostic.ts'
import type { LoadResult } from '../../src/dialect/dialect.ts'
import { loadConfiguration } from '../../src/dialect/detect.ts'
import { memoryReader } from '../../src/dialect/memory-reader.ts'
import { momentumCodes } from '../../src/dialect/momentum/codes.ts'
import { print } from '../../src/dialect/momentum/print.ts'
import { parse } from '../../src/dialect/momentum/parser.ts'
import { createReport } from '../../src/dialect/momentum/report.ts'
import { caseNames, filesOf, isUpdating, layOut, mainFile, rule, splitCase } from './case-file.ts'

const directory = join(import.meta.dirname, 'momentum')
const names = caseNames(directory)

describe('golden files of the momentum dialect', () => {
  it.each(names)('%s loads to what the file says', (name) => {
    const path = join(directory, name)
    const [input, expected] = splitCase(readFileSync(path, 'utf8'))
    const result = load(input)
    const actual = `${sectionsOf(result).join(`\n${rule}\n`)}\n`
    if (isUpdating) writeFileSync(path, `${input}${rule}\n${actual}`)
    else expect(actual).toBe(expected)
  })

  it.each(names)('%s means the same after it was printed', (name) => {
    const [input] = splitCase(readFileSync(join(directory, name), 'utf8'))
    const result = load(input)
    if (result.policy === undefined) return
    const printed = [...filesOf(input)].map(
      ([file, text]) => `=== ${basename(file)}\n${print(parse({ file, text }, createReport()))}`,
    )
    // Only one-file cases can be put together again: a name alone has lost its directory.
    if (printed.length > 1) return
    const again = load(printed[0]?.replace(/^===.*\n/, '') ?? '')
    expect(withoutSpans(again.policy)).toEqual(withoutSpans(result.policy))
  })

  it('has a case for every diagnostic code of the dialect', () => {
    const inputs = names.map((name) => splitCase(readFileSync(join(directory, name), 'utf8'))[0])
    const found = inputs.flatMap((input) => load(input).diagnostics)
    const codesSeen = new Set(found.map(({ code }) => code))
    const missing = Object.keys(momentumCodes).filter((code) => !codesSeen.has(code))
    // These take a text too large for a file that people read; include and fuzz tests have them.
    const elsewhere = [
      'momentum.line_too_long',
      'momentum.too_many_errors',
      'momentum.file_unreadable',
    ]
    expect(missing.toSorted()).toEqual(elsewhere.toSorted())
  })
})

/** /conf/shared is the search path. */
function load(input: string): LoadResult {
  const reader = memoryReader(filesOf(input))
  return loadConfiguration({ file: mainFile, reader, searchPath: ['/conf/shared'] })
}

function sectionsOf({ policy, diagnostics, sources }: LoadResult): string[] {
  const shown = diagnostics.map((found) => renderDiagnostic(found, sources, { color: false }))
  const found = shown.join('\n')
  if (policy === undefined) return [found]
  const json = layOut(JSON.parse(JSON.stringify(policy, shortSpans)), '')
  return found === '' ? [json] : [json, found]
}

/** `line:column`, after the file's name when it is not the main one. */
function shortSpan({ file, line, column }: Span): string {
  const place = `${line}:${column}`
  return file === mainFile ? place : `${file.replace('/conf/', '')} ${place}`
}

function shortSpans(_key: string, value: unknown): unknown {
  return isSpan(value) ? shortSpan(value) : value
}

function withoutSpans(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (isSpan(inner) ? '' : inner)))
}

function isSpan(value: unknown): value is Span {
  return typeof value === 'object' && value !== null && 'line' in value && 'file' in value
}
