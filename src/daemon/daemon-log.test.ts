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

describe('the logs of Listens', () => {
  const main = { path: '', level: 'notice', format: 'nginx' } as const
  const own = { path: '', level: 'info', format: 'nginx' } as const

  it('take what is of their sessions, in place of the main log, at levels of their own', async () => {
    const log = await DaemonLog.open({
      targets: [{ ...main, path: pathOf('main') }],
      listenLogs: [{ listenId: '*:143', targets: [{ ...own, path: pathOf('imap') }] }],
      identity,
      clock: systemClock,
    })
    expect(log.isEnabled('info')).toBe(false)
    expect(log.isEnabled('info', '*:25')).toBe(false)
    expect(log.isEnabled('info', '*:143')).toBe(true)
    log.write('info', { text: 'a', server: '*:143' })
    log.write('info', { text: 'b', listen: '*:143' })
    log.write('error', { text: 'c', server: '*:25' })
    log.writeKind('error', 'd', () => ({ text: 'd', server: '*:143' }), '*:143')
    log.write('notice', { text: 'e' })
    await log.close()
    expect(linesOf('imap').map((line) => line.split('#0: ')[1])).toEqual([
      'a, server: *:143',
      'b',
      'd, server: *:143',
    ])
    expect(linesOf('main').map((line) => line.split('#0: ')[1])).toEqual(['c, server: *:25', 'e'])
  })

  it('have rate limits of their own, so that a flood in one hides nothing in another', async () => {
    const log = await DaemonLog.open({
      targets: [{ ...main, path: pathOf('main') }],
      listenLogs: [{ listenId: '*:143', targets: [{ ...own, path: pathOf('imap') }] }],
      identity,
      clock: systemClock,
    })
    for (let count = 0; count < 500; count += 1) {
      log.write('error', { text: 'limiting', server: '*:143' })
    }
    log.write('error', { text: 'limiting', server: '*:25' })
    await log.close()
    expect(linesOf('main')).toHaveLength(1)
    expect(linesOf('imap').at(-1)).toContain('more like it were not logged')
  })

  it('open a file once that several of them name', async () => {
    const path = pathOf('shared')
    const log = await DaemonLog.open({
      targets: [{ ...main, path }],
      listenLogs: [
        { listenId: '*:143', targets: [{ ...own, path }] },
        { listenId: '*:110', targets: [{ ...own, path }] },
      ],
      identity,
      clock: systemClock,
    })
    for (const server of ['*:143', '*:110', '*:25']) log.write('error', { text: 'x', server })
    await log.close()
    expect(linesOf('shared').map((line) => line.split('x, ')[1])).toEqual([
      'server: *:143',
      'server: *:110',
      'server: *:25',
    ])
  })
})

describe('the rate of a log', () => {
  const text = 'limiting connections'

  it('bounds all its records together, and says how many it left out', async () => {
    const rated = {
      path: pathOf('a'),
      level: 'info',
      format: 'nginx',
      recordsPerSecond: 7,
    } as const
    const log = await openLog([rated, { path: pathOf('b'), level: 'info', format: 'nginx' }])
    for (let count = 0; count < 30; count += 1) log.write('error', { text: `${text} ${count}` })
    for (let count = 0; count < 10; count += 1) log.write('warn', { text: `other ${count}` })
    log.write('crit', { text: 'never left out' })
    await log.close()
    expect(linesOf('a').filter((line) => /\[(error|warn)\]/.test(line))).toHaveLength(7)
    expect(linesOf('a').at(-2)).toContain('never left out')
    expect(linesOf('a').at(-1)).toMatch(/too many log messages, limiting: 33 were not logged$/)
    expect(linesOf('b')).toHaveLength(41)
  })

  it('of 0 is none', async () => {
    const log = await openLog([
      { path: pathOf('a'), level: 'info', format: 'nginx', recordsPerSecond: 0 },
    ])
    for (let count = 0; count < 500; count += 1) log.write('error', { text })
    await log.close()
    expect(linesOf('a')).toHaveLength(500)
  })
})
