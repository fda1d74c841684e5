// The log destination: appends, reopens for logrotate, survives what it cannot write.

import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogFile } from './log-file.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-log-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

describe('a log file', () => {
  it('appends lines in order and keeps what was there', async () => {
    const path = join(directory, 'error.log')
    for (const words of [['a', 'b'], ['c']]) {
      const file = LogFile.open(path)
      words.forEach((word) => file.write(`${word}\n`))
      await file.close()
    }
    expect(readFileSync(path, 'utf8')).toBe('a\nb\nc\n')
  })

  it('is readable by its owner and group only', async () => {
    const path = join(directory, 'error.log')
    const file = LogFile.open(path)
    await file.close()
    expect(statSync(path).mode & 0o007).toBe(0)
  })

  it('writes to the new file once reopened', async () => {
    const path = join(directory, 'error.log')
    const file = LogFile.open(path)
    file.write('old\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
    renameSync(path, `${path}.1`)
    file.reopen()
    file.write('new\n')
    await file.close()
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('old\n')
    expect(readFileSync(path, 'utf8')).toBe('new\n')
  })

  it('counts and drops what exceeds its bound, and goes on afterwards', async () => {
    const path = join(directory, 'error.log')
    const file = LogFile.open(path)
    const line = `${'x'.repeat(1023)}\n`
    for (let index = 0; index < 1030; index += 1) file.write(line)
    expect(file.droppedCount).toBe(6)
    await file.close()
    expect(statSync(path).size).toBe(1024 * 1024)
  })

  it('counts failed writes and does not throw', async () => {
    const file = LogFile.open('/dev/full')
    file.write('lost\n')
    await file.close()
    expect(file.errorCount).toBe(1)
  })

  it('says in the words of nginx why a file cannot be opened', () => {
    const path = join(directory, 'missing', 'error.log')
    expect(() => LogFile.open(path)).toThrow(
      `open() "${path}" failed (2: No such file or directory)`,
    )
  })

  it('writes what is queued when the process is about to die', () => {
    const path = join(directory, 'error.log')
    const file = LogFile.open(path)
    file.write('last words\n')
    file.closeNow()
    expect(readFileSync(path, 'utf8')).toBe('last words\n')
  })
})
