// The daemon's log as a whole: levels, several destinations, the rate limit's report.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { DaemonLog } from './daemon-log.ts'
import type { LogTarget } from './daemon-log.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-log-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

const identity = { pid: 1, threadId: 0 }
const pathOf = (name: string) => join(directory, name)
const linesOf = (name: string) => readFileSync(pathOf(name), 'utf8').split('\n').filter(Boolean)

function openLog(targets: readonly LogTarget[]): Promise<DaemonLog> {
  return DaemonLog.open({ targets, identity, clock: systemClock })
}

describe('the log', () => {
  it('writes each destination at its own level and in its own format', async () => {
    const log = await openLog([
      { path: pathOf('loud'), level: 'info', format: 'json' },
      { path: pathOf('quiet'), level: 'error', format: 'nginx' },
    ])
    log.write('info', { text: 'one' })
    log.write('error', { text: 'two' })
    log.write('debug', { text: 'three' })
    await log.close()
    expect(linesOf('loud').map((line) => JSON.parse(line).msg)).toEqual(['one', 'two'])
    expect(linesOf('quiet')).toHaveLength(1)
    expect(linesOf('quiet')[0]).toMatch(/\[error\] 1#0: two$/)
  })

  it('knows which levels nobody wants', async () => {
    const log = await openLog([{ path: pathOf('a'), level: 'warn', format: 'nginx' }])
    expect(log.isEnabled('warn')).toBe(true)
    expect(log.isEnabled('notice')).toBe(false)
    await log.close()
  })

  it('says once how many records of a flood it left out', async () => {
    const log = await openLog([{ path: pathOf('a'), level: 'info', format: 'nginx' }])
    let builtCount = 0
    for (let index = 0; index < 1000; index += 1) {
      log.writeKind('error', 'limiting sessions', () => {
        builtCount += 1
        return { text: `limiting sessions (${index})` }
      })
    }
    await log.close()
    expect(builtCount).toBeLessThan(1000)
    expect(linesOf('a')).toHaveLength(builtCount + 1)
    expect(linesOf('a').at(-1)).toContain(
      `limiting sessions... and ${1000 - builtCount} more like it were not logged`,
    )
    expect(log.losses().suppressedTotal).toBe(1000 - builtCount)
  })

  it('moves to new destinations without losing a record', async () => {
    const log = await openLog([{ path: pathOf('a'), level: 'info', format: 'nginx' }])
    log.write('info', { text: 'before' })
    const next = await log.prepareTargets([{ path: pathOf('b'), level: 'info', format: 'nginx' }])
    await next.apply()
    log.write('info', { text: 'after' })
    await log.close()
    expect(linesOf('a')).toHaveLength(1)
    expect(linesOf('b')).toHaveLength(1)
  })

  it('keeps the old destinations when a new one cannot be opened', async () => {
    const log = await openLog([{ path: pathOf('a'), level: 'info', format: 'nginx' }])
    const missing = pathOf('no/such/file')
    const prepared = log.prepareTargets([{ path: missing, level: 'info', format: 'nginx' }])
    await expect(prepared).rejects.toThrow('No such file or directory')
    log.write('info', { text: 'still here' })
    await log.close()
    expect(linesOf('a')).toHaveLength(1)
  })
})
