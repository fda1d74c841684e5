// Reading from a real disk: texts, directories, and everything that is not a text.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fileReader } from './file-reader.ts'

let directory = ''

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-reader-'))
  writeFileSync(join(directory, 'a.conf'), '\uFEFFIdle_Time = 5\n')
  writeFileSync(join(directory, 'latin1.conf'), Buffer.from([0x61, 0xe9, 0x62]))
  writeFileSync(join(directory, 'large.conf'), 'x'.repeat(16_777_217))
  mkdirSync(join(directory, 'conf.d'))
})

afterAll(() => {
  rmSync(directory, { recursive: true })
})

it('reads a text without its byte order mark', () => {
  expect(fileReader.read(join(directory, 'a.conf'))).toEqual({ text: 'Idle_Time = 5\n' })
})

it('says in words why a file could not be read', () => {
  expect(fileReader.read(join(directory, 'missing'))).toEqual({ problem: 'there is no such file' })
  expect(fileReader.read(directory)).toEqual({ problem: 'it is a directory' })
  expect(fileReader.read(join(directory, 'a.conf', 'b'))).toEqual({
    problem: 'a part of its path is not a directory',
  })
  expect(fileReader.read(join(directory, 'latin1.conf'))).toEqual({
    problem: 'it is not UTF-8 text',
  })
})

it('stops reading what is too large, even when it never ends', () => {
  const problem = 'it has more than 16777216 bytes'
  expect(fileReader.read(join(directory, 'large.conf'))).toEqual({ problem })
  expect(fileReader.read('/dev/zero')).toEqual({ problem })
})

it('tells files from directories and from nothing', () => {
  expect(fileReader.kindOf(join(directory, 'a.conf'))).toBe('file')
  expect(fileReader.kindOf(join(directory, 'conf.d'))).toBe('directory')
  expect(fileReader.kindOf(join(directory, 'missing'))).toBeUndefined()
  expect(fileReader.kindOf(join(directory, 'a.conf', 'b'))).toBeUndefined()
})

it('lists the names in a directory', () => {
  expect(fileReader.list(directory).toSorted()).toEqual([
    'a.conf',
    'conf.d',
    'large.conf',
    'latin1.conf',
  ])
})
