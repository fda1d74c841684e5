// The pid file: atomic, and never removed when it is another daemon's.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isAlive, readPidFile, removePidFile, writePidFile } from './pid-file.ts'

let directory = ''
let path = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-pid-'))
  path = join(directory, 'postern.pid')
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

describe('the pid file', () => {
  it('holds the pid and a line end, and leaves nothing else behind', () => {
    writePidFile(path, 4711)
    expect(readFileSync(path, 'utf8')).toBe('4711\n')
    expect(readdirSync(directory)).toEqual(['postern.pid'])
  })

  it('is overwritten whole', () => {
    writeFileSync(path, '123456789\n')
    writePidFile(path, 7)
    expect(readPidFile(path)).toEqual({ kind: 'pid', pid: 7 })
  })

  it('is removed by the process it names', () => {
    writePidFile(path, 4711)
    removePidFile(path, 4711)
    expect(existsSync(path)).toBe(false)
  })

  it('stays when a successor has written his own pid', () => {
    writePidFile(path, 4712)
    removePidFile(path, 4711)
    expect(readPidFile(path)).toEqual({ kind: 'pid', pid: 4712 })
  })

  it('says in the words of nginx why it cannot be written', () => {
    const missing = join(directory, 'no', 'postern.pid')
    expect(() => writePidFile(missing, 1)).toThrow(
      `open() "${missing}" failed (2: No such file or directory)`,
    )
  })
})

describe('reading a pid file', () => {
  it('tells an absent one from one that holds no pid', () => {
    expect(readPidFile(path)).toEqual({ kind: 'absent' })
    for (const text of ['', '0', '-1', '12x', 'a'.repeat(100)]) {
      writeFileSync(path, text)
      expect(readPidFile(path)).toEqual({ kind: 'invalid', text: text.slice(0, 32) })
    }
  })

  it('says why one cannot be read', () => {
    expect(readPidFile(directory)).toMatchObject({ kind: 'unreadable' })
  })
})

describe('the life of a process', () => {
  it('is seen for our own and not for a number nobody has', () => {
    expect(isAlive(process.pid)).toBe(true)
    expect(isAlive(2 ** 30)).toBe(false)
  })
})
