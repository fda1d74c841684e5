// Includes and their patterns at their bounds; what they mean is in test/golden/nginx/include*.case.

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileReader } from '../file-reader.ts'
import { memoryReader } from '../memory-reader.ts'
import { globFiles } from './glob.ts'
import { loadTree } from './include.ts'
import type { Statement } from './syntax.ts'

function load(files: Record<string, string>) {
  return loadTree({
    file: '/conf/main.conf',
    reader: memoryReader(new Map(Object.entries(files))),
  })
}

function mistakesIn(statements: readonly Statement[]): readonly string[] {
  return statements.flatMap((found) => (found.kind === 'mistake' ? [found.message] : []))
}

describe('loadTree', () => {
  it('reports a main file that cannot be read in the words of the system', () => {
    const { statements, sources } = load({})
    const message = 'open() "/conf/main.conf" failed (2: No such file or directory)'
    expect(statements).toEqual([{ kind: 'mistake', code: 'nginx.file_unreadable', message }])
    expect(sources.size).toBe(0)
  })

  it('reports a missing file on a real disk in the same words', () => {
    const missing = join(import.meta.dirname, 'missing.conf')
    const options = { file: join(import.meta.dirname, 'a.conf'), text: 'include missing.conf;' }
    const { statements } = loadTree({ ...options, reader: fileReader })
    expect(mistakesIn(statements)).toEqual([
      `open() "${missing}" failed (2: No such file or directory)`,
    ])
  })

  it('reads relative paths from the directory of the main file, wherever they stand', () => {
    const { sources } = load({
      '/conf/main.conf': 'include d/a.conf;',
      '/conf/d/a.conf': 'include b.conf;',
      '/conf/b.conf': '',
      '/conf/d/b.conf': '',
    })
    expect([...sources.keys()]).toEqual(['/conf/main.conf', '/conf/d/a.conf', '/conf/b.conf'])
  })

  it('shows the path of a missing file as it was written, a directory with its slash', () => {
    const { statements } = load({
      '/conf/main.conf': 'include ./a.conf; include d/; include /x//y;',
      '/conf/d/b.conf': '',
    })
    expect(mistakesIn(statements)).toEqual([
      'open() "/conf/./a.conf" failed (2: No such file or directory)',
      'pread() "/conf/d/" failed (21: Is a directory)',
      'open() "/x//y" failed (2: No such file or directory)',
    ])
  })

  it('looks beside a text that has a name and no directory', () => {
    const { statements } = loadTree({
      file: 'a.conf',
      text: 'include b.conf; include [b].conf;',
      reader: memoryReader(new Map([['b.conf', 'daemon off;']])),
    })
    expect(statements).toMatchObject([{ name: { text: 'daemon' } }])
  })

  it('stops after a thousand inclusions', () => {
    const files: Record<string, string> = { '/conf/main.conf': 'include d/*;' }
    for (let index = 0; index < 1100; index += 1) files[`/conf/d/${index}.conf`] = 'a;'
    const { statements } = load(files)
    expect(statements).toHaveLength(1001)
    expect(mistakesIn(statements)).toEqual(['more than 1000 files are included'])
  })

  it('does not let files that include each other twice multiply without end', () => {
    const files: Record<string, string> = {}
    for (let index = 0; index < 20; index += 1) {
      const name = index === 0 ? 'main' : index
      files[`/conf/${name}.conf`] = `include ${index + 1}.conf;\n`.repeat(2)
    }
    const codes = load(files).statements.map((found) =>
      found.kind === 'mistake' ? found.code : found.name.text,
    )
    expect(new Set(codes)).toEqual(new Set(['nginx.include_limit']))
  })

  it('leaves the includes of blocks alone that nobody reads', () => {
    const { statements } = load({ '/conf/main.conf': 'http { include missing.conf; }' })
    expect(statements).toMatchObject([{ body: [{ name: { text: 'include' } }] }])
  })
})

describe('globFiles', () => {
  const names = ['a.conf', 'b.conf', 'B.conf', 'ab.conf', '.hidden.conf', 'a*c', 'x]y', 'é.conf']
  const files = new Map(names.map((name) => [`/d/${name}`, '']))
  files.set('/d/sub/a.conf', '')
  files.set('/d/tub/a.conf', '')
  const reader = memoryReader(files)

  it.each([
    ['*.conf', ['B.conf', 'a.conf', 'ab.conf', 'b.conf', 'é.conf']],
    ['?.conf', ['B.conf', 'a.conf', 'b.conf', 'é.conf']],
    ['.*.conf', ['.hidden.conf']],
    ['[ab].conf', ['a.conf', 'b.conf']],
    ['[!ab].conf', ['B.conf', 'é.conf']],
    ['[a-z]*.conf', ['a.conf', 'ab.conf', 'b.conf']],
    ['[z-a].conf', []],
    ['a\\*?', ['a*c']],
    ['x[]]?', ['x]y']],
    ['*/a.conf', ['sub/a.conf', 'tub/a.conf']],
    ['[st]ub/*', ['sub/a.conf', 'tub/a.conf']],
    ['*/missing.conf', []],
    ['nothing/*', []],
    ['**b**.conf', ['ab.conf', 'b.conf']],
    ['[a', []],
  ])('finds for %s what glob(3) would', (pattern, expected) => {
    const found = globFiles(`/d/${pattern}`, reader, 100)
    expect(found.map((file) => file.slice('/d/'.length))).toEqual(expected)
  })

  it('takes no time for a pattern of many stars that does not fit', () => {
    const long = memoryReader(new Map([[`/d/${'a'.repeat(250)}`, '']]))
    expect(globFiles(`/d/${'*a'.repeat(60)}b`, long, 100)).toEqual([])
  })

  it('takes a directory that cannot be listed for an empty one', () => {
    const broken = {
      ...reader,
      list() {
        throw new Error('permission denied')
      },
    }
    expect(globFiles('/d/*', broken, 100)).toEqual([])
  })
})
