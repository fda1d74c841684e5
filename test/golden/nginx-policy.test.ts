// Runs every nginx-policy/NAME.case: a configuration in nginx's language, and the policy it means.
// Adding a case is adding a file; UPDATE_GOLDENS=1 writes what loading gives now.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/dialect/detect.ts'
import type { LoadResult } from '../../src/dialect/dialect.ts'
import { memoryReader } from '../../src/dialect/memory-reader.ts'
import { caseNames, filesOf, isUpdating, mainFile, rule, splitCase } from './case-file.ts'
import { sectionsOf } from './policy-sections.ts'

const directory = join(import.meta.dirname, 'nginx-policy')
const names = caseNames(directory)

describe('golden files of what nginx texts mean', () => {
  it.each(names)('%s loads to what the file says', (name) => {
    const path = join(directory, name)
    const [input, expected] = splitCase(readFileSync(path, 'utf8'))
    const actual = `${sectionsOf(load(input)).join(`\n${rule}\n`)}\n`
    if (isUpdating) writeFileSync(path, `${input}${rule}\n${actual}`)
    else expect(actual).toBe(expected)
  })

  it.each(names)(
    '%s has what nginx would print after [emerg], if and only if it is wrong',
    (name) => {
      const [input] = splitCase(readFileSync(join(directory, name), 'utf8'))
      const { policy, emerg } = load(input)
      expect(emerg === undefined).toBe(policy !== undefined)
    },
  )

  it('have the codes that only the meaning of a text can have', () => {
    const inputs = names.map((name) => splitCase(readFileSync(join(directory, name), 'utf8'))[0])
    const codes = inputs.flatMap((input) => load(input).diagnostics).map(({ code }) => code)
    const only = ['nginx.no_effect', 'nginx.two_authenticators', 'nginx.zero_time']
    expect(codes).toEqual(expect.arrayContaining(only))
  })
})

function load(input: string): LoadResult {
  const reader = memoryReader(filesOf(input))
  return loadConfiguration({ file: mainFile, reader, searchPath: [] })
}
