// Runs every nginx/NAME.case: a configuration, and the directives or the diagnostics it must give.
// The first line of a result with errors is what nginx itself prints after [emerg].

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { renderDiagnostic } from '../../src/base/render-diagnostic.ts'
import { memoryReader } from '../../src/dialect/memory-reader.ts'
import type { CheckedDirective } from '../../src/dialect/nginx/checked.ts'
import { nginxCodes } from '../../src/dialect/nginx/codes.ts'
import { parse } from '../../src/dialect/nginx/parser.ts'
import { print } from '../../src/dialect/nginx/print.ts'
import { readConfiguration } from '../../src/dialect/nginx/read.ts'
import type { ReadResult } from '../../src/dialect/nginx/read.ts'
import { caseNames, filesOf, isUpdating, layOut, mainFile, rule, splitCase } from './case-file.ts'

const directory = join(import.meta.dirname, 'nginx')
const names = caseNames(directory)

describe('golden files of the nginx dialect', () => {
  it.each(names)('%s reads to what the file says', (name) => {
    const path = join(directory, name)
    const [input, expected] = splitCase(readFileSync(path, 'utf8'))
    const actual = `${sectionsOf(read(input)).join(`\n${rule}\n`)}\n`
    if (isUpdating) writeFileSync(path, `${input}${rule}\n${actual}`)
    else expect(actual).toBe(expected)
  })

  it.each(names)('%s means the same after it was printed', (name) => {
    const [input] = splitCase(readFileSync(join(directory, name), 'utf8'))
    const { directives } = read(input)
    const files = filesOf(input)
    // Only one-file cases can be put together again: a name alone has lost its directory.
    if (directives === undefined || files.size > 1) return
    const printed = print(parse({ file: mainFile, text: files.get(mainFile) ?? '' }))
    expect(read(printed).directives?.map(shown)).toEqual(directives.map(shown))
  })

  it('has a case for every diagnostic code of the dialect', () => {
    const inputs = names.map((name) => splitCase(readFileSync(join(directory, name), 'utf8'))[0])
    const found = inputs.flatMap((input) => read(input).diagnostics)
    const codesSeen = new Set(found.map(({ code }) => code))
    const missing = Object.keys(nginxCodes).filter((code) => !codesSeen.has(code))
    // These take a text too large for a file that people read, a missing main file, or `-g`; unit
    // and fuzz tests have them. Three are about what a right text means: nginx-policy has those.
    const elsewhere = [
      'nginx.block_in_command_line',
      'nginx.capped',
      'nginx.differs',
      'nginx.file_unreadable',
      'nginx.include_limit',
      'nginx.nesting_too_deep',
      'nginx.no_effect',
      'nginx.too_long_parameter',
      'nginx.too_many_errors',
      'nginx.two_authenticators',
      'nginx.zero_time',
    ]
    expect(missing.toSorted()).toEqual(elsewhere)
  })
})

function read(input: string): ReadResult {
  return readConfiguration({ file: mainFile, reader: memoryReader(filesOf(input)) })
}

function sectionsOf({ directives, diagnostics, emerg, sources }: ReadResult): string[] {
  const rendered = diagnostics.map((found) => renderDiagnostic(found, sources, { color: false }))
  const found = rendered.join('\n')
  if (directives === undefined) return [`[emerg] ${emerg ?? ''}`, found]
  const listed = directives.map((directive) => listing(directive, '')).join('\n')
  return found === '' ? [listed] : [listed, found]
}

function listing(directive: CheckedDirective, indent: string): string {
  const { name, value, body } = directive
  const { kind, ...rest } = value
  const inner = `${indent}  `
  const result = kind === 'block' ? '' : ` ${kind} ${layOut(rest, inner)}`
  const lines = body.map((child) => `\n${listing(child, inner)}`)
  return `${indent}${name.span.line}:${name.span.column} ${name.text}${result}${lines.join('')}`
}

/** A directive without its places. */
function shown({ name, value, body }: CheckedDirective): unknown {
  return [name.text, value, body.map(shown)]
}
