// Includes at their bounds; what they mean is in test/golden/momentum/include-*.case.

import { describe, expect, it } from 'vitest'
import { memoryReader } from '../memory-reader.ts'
import { loadTree } from './include.ts'
import { createReport } from './report.ts'

function load(files: Record<string, string>, overrides: object = {}) {
  const report = createReport()
  const reader = { ...memoryReader(new Map(Object.entries(files))), ...overrides }
  const tree = loadTree({ file: '/conf/main.conf', reader, searchPath: [] }, report)
  return { ...tree, diagnostics: report.diagnostics() }
}

describe('loadTree', () => {
  it('reports a main file that cannot be read, without a place in it', () => {
    const { diagnostics, sources } = load({})
    expect(diagnostics).toEqual([
      {
        severity: 'error',
        code: 'momentum.file_unreadable',
        message: 'cannot read /conf/main.conf: there is no such file',
      },
    ])
    expect(sources.size).toBe(0)
  })

  it('keeps the text of every file in the order of reading', () => {
    const { sources } = load({
      '/conf/main.conf': 'include "z.conf"\ninclude "a.conf"',
      '/conf/a.conf': '# a',
      '/conf/z.conf': '# z',
    })
    expect([...sources.keys()]).toEqual(['/conf/main.conf', '/conf/z.conf', '/conf/a.conf'])
  })

  it('parses a file that is included twice once, and puts its statements in both places', () => {
    const { statements, diagnostics } = load({
      '/conf/main.conf': 'include "a.conf"\ninclude "a.conf"',
      '/conf/a.conf': "Idle_Time = '5'",
    })
    expect(statements).toHaveLength(2)
    expect(diagnostics.map(({ code }) => code)).toEqual(['momentum.single_quotes'])
  })

  it('stops after a thousand inclusions', () => {
    const files: Record<string, string> = { '/conf/main.conf': 'include "d"' }
    for (let index = 0; index < 1100; index += 1) files[`/conf/d/${index}.conf`] = 'a = 1'
    const { statements, diagnostics } = load(files)
    expect(statements).toHaveLength(1000)
    expect(diagnostics).toMatchObject([
      { code: 'momentum.include_limit', message: 'more than 1000 files are included' },
    ])
  })

  it('does not let files that include each other twice multiply without end', () => {
    const files: Record<string, string> = {}
    for (let index = 0; index < 16; index += 1) {
      const name = index === 0 ? 'main' : index
      files[`/conf/${name}.conf`] = `include "${index + 1}.conf"\n`.repeat(2)
    }
    files['/conf/16.conf'] = 'a = 1'
    const { diagnostics } = load(files)
    const codes = new Set(diagnostics.map(({ code }) => code))
    expect(codes).toEqual(new Set(['momentum.include_limit']))
  })

  it('reports a directory that cannot be listed', () => {
    const { diagnostics } = load(
      { '/conf/main.conf': 'include "d"', '/conf/d/a.conf': '' },
      {
        list() {
          throw new Error('permission denied')
        },
      },
    )
    expect(diagnostics).toMatchObject([{ code: 'momentum.include_missing' }])
  })

  it('leaves the includes of scopes alone that Postern does not read', () => {
    const { diagnostics } = load({ '/conf/main.conf': 'Domain "x" { include "missing.conf" }' })
    expect(diagnostics).toEqual([])
  })
})
