// Files of a record: rotated, bounded, private, and each whole in itself.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, it } from 'vitest'
import { TraceFiles } from './trace-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-files-'))
afterAll(() => rmSync(folder, { recursive: true }))

it.each(['t', 't.gz'])('%s is followed by its predecessors, the oldest dropped', async (name) => {
  const path = join(folder, name)
  const files = new TraceFiles({ path, maxBytes: 10, keepCount: 2 })
  for (const text of ['one', 'two', 'three', 'four']) {
    files.open()
    expect(files.isFull).toBe(false)
    files.write(`${text} of some length, none of it worth packing\n`)
    await files.flush()
    expect(files.isFull).toBe(true)
  }
  await files.close()
  const isPacked = name.endsWith('.gz')
  const names = isPacked ? ['t.gz', 't.1.gz', 't.2.gz'] : ['t', 't.1', 't.2']
  const words = names.map((one) => {
    const bytes = readFileSync(join(folder, one))
    return (isPacked ? gunzipSync(bytes) : bytes).toString().split(' ')[0]
  })
  expect(words).toEqual(['four', 'three', 'two'])
  expect(readdirSync(folder).filter((one) => one.endsWith('.gz') === isPacked)).toHaveLength(3)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(files.failure).toBeUndefined()
})

it('that cannot be written say why', () => {
  const files = new TraceFiles({ path: join(folder, 'none', 't'), maxBytes: 10, keepCount: 2 })
  files.open()
  files.write('line\n')
  expect(files.failure?.message).toContain('ENOENT')
})
