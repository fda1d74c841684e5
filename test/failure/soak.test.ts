// A day in the life of a host full of idle sessions, by a clock that is moved on: who keeps talking
// stays, who is silent goes, and nothing is left behind. POSTERN_SOAK_SESSIONS says how many.

import { createHook } from 'node:async_hooks'
import { fork, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Log, LogLevelName } from '../../src/base/log.ts'
import type { AuditReport } from '../../src/engine/audit.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { createGateway } from '../../src/gateway/create-gateway.ts'
import { limits, rigPolicy, until } from '../kit/gateway-rig.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import type { SoakAnswer, SoakOrder, SoakReady } from './kit/soak-peer.ts'

// Enough to see a leak of one timer or session each; what a host holds is asked for by name.
const sessionsByDefault = 300
const sessionsMax = 9_000
// Two for each relayed session; the rest is the test's own.
const descriptorsSpare = 500

const minuteMs = 60_000
const stepMinutes = 20
const steps = (24 * 60) / stepMinutes
// Talkers speak every second step, after 40 minutes; the silent are gone at the third, after 60.
const idleMinutes = 50
const beatEvery = 2
const renewEvery = 3
// Compiled code, feedback and the runner's own notes grow a little; a lost session each renewal,
// or a lost timer, would be several times this in either size of the test.
const heapGrowthMax = 2 * 1024 * 1024
const timersGrowthMax = 20
const patienceMs = 600_000

/** How many sessions there can be, raised to what was asked for if the machine lets us. */
function sessionCount(): number {
  const wanted = Math.min(
    sessionsMax,
    Number(process.env['POSTERN_SOAK_SESSIONS'] ?? sessionsByDefault),
  )
  if (!(wanted >= 10)) throw new Error('POSTERN_SOAK_SESSIONS must be a number from 10 on')
  const needed = wanted * 2 + descriptorsSpare
  if (descriptorLimit() < needed) {
    spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${needed}:${needed}`])
  }
  const possible = Math.floor((descriptorLimit() - descriptorsSpare) / 2)
  if (possible >= wanted) return wanted
  process.stderr.write(
    `SOAK WITH FEWER: ${possible} sessions in place of ${wanted}, by the limit of open files\n`,
  )
  return possible
}

function descriptorLimit(): number {
  const limit = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return limit === undefined || limit === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(limit)
}

async function startPeer(): Promise<{ peer: ChildProcess; port: number }> {
  const file = fileURLToPath(new URL('kit/soak-peer.ts', import.meta.url))
  const peer = fork(file, {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onTestFinished(() => void peer.kill('SIGKILL'))
  const [ready] = (await once(peer, 'message')) as [SoakReady] // the first thing it says
  return { peer, port: ready.port }
}

async function tell(peer: ChildProcess, order: SoakOrder): Promise<number> {
  const answer = once(peer, 'message')
  peer.send(order)
  const [{ count }] = (await answer) as [SoakAnswer] // it answers every order with one
  return count
}

/** Timers alive in this process, those that keep nothing alive included. */
function countTimers(): () => number {
  const alive = new Set<number>()
  const hook = createHook({
    init: (id, type) => void (type === 'Timeout' && alive.add(id)),
    destroy: (id) => void alive.delete(id),
  })
  hook.enable()
  onTestFinished(() => void hook.disable())
  return () => alive.size
}

async function heapBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void // what the flag above puts there
  // What a callback of this turn still holds is free in the next.
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}

class Soak {
  readonly clock = new ManualClock()
  readonly engine: Engine
  readonly complaints: string[] = []
  auditCount = 0
  worst: AuditReport = { drift: 0, leakedIds: [], unknownIds: [] }
  readonly #gateway

  constructor(upstreamPort: number, capMax: number) {
    const log: Log = {
      write: (level, { text }) => void (isBad(level) && this.complaints.push(text)),
      isEnabled: isBad,
    }
    const upstream = [{ kind: 'tcp', host: '127.0.0.1', port: upstreamPort } as const]
    const idle = { ms: idleMinutes * minuteMs }
    this.engine = createEngine({
      policy: rigPolicy({
        options: { upstream, idle, ...limits({ all: capMax }) },
        listens: { '127.0.0.1:0': {} },
        zones: { all: '$remote_addr' },
      }),
      clock: this.clock,
      onEvent: (event) => {
        if (event.kind !== 'audited') return
        this.auditCount += 1
        const { drift, leakedIds, unknownIds } = event.report
        if (drift + leakedIds.length + unknownIds.length > 0) this.worst = event.report
      },
    })
    this.#gateway = createGateway({
      engine: this.engine,
      log,
      clock: this.clock,
      prefix: tmpdir(),
    })
    onTestFinished(() => this.#gateway.close())
  }

  async start(): Promise<number> {
    await this.#gateway.start()
    return this.#gateway.bound()[0]?.port ?? 0
  }

  get active(): number {
    return this.engine.snapshot().sessionsActive
  }

  /** Moves the clock on; resolves when every deadline until then has come: an audit is one. */
  async step(): Promise<void> {
    const before = this.auditCount
    this.clock.advance(stepMinutes * minuteMs)
    await until(() => this.auditCount > before, patienceMs)
  }
}

function isBad(level: LogLevelName): boolean {
  return ['emerg', 'alert', 'crit', 'error', 'warn'].includes(level)
}

describe('a day of idle sessions', () => {
  it(
    'closes who is silent, keeps who talks, and leaves nothing behind',
    async () => {
      const sessions = sessionCount()
      const silentCount = Math.floor(sessions / 3)
      const talkerCount = sessions - silentCount
      const timers = countTimers()
      const { peer, port: upstreamPort } = await startPeer()
      const soak = new Soak(upstreamPort, sessions)
      const port = await soak.start()
      const open = (group: string, count: number): Promise<number> =>
        tell(peer, { kind: 'open', group, port, count })
      expect(await open('talkers', talkerCount)).toBe(talkerCount)
      let atStart = { heap: 0, timers: 0 }
      for (let step = 0; step < steps; step += 1) {
        // The cap is as high as there are sessions: one that was lost would leave no room for these.
        if (step % renewEvery === 0) expect(await open('silent', silentCount)).toBe(silentCount)
        // The first hours make what a process makes once.
        if (step === renewEvery * 4) atStart = { heap: await heapBytes(), timers: timers() }
        await soak.step()
        const isLastOfSilent = step % renewEvery === renewEvery - 1
        if (isLastOfSilent) await until(() => soak.active === talkerCount, patienceMs)
        else expect(soak.active).toBe(sessions)
        if (step % beatEvery === beatEvery - 1) {
          expect(await tell(peer, { kind: 'beat', group: 'talkers' })).toBe(talkerCount)
        }
      }
      expect(await tell(peer, { kind: 'count', group: 'talkers' })).toBe(talkerCount)
      expect(await tell(peer, { kind: 'count', group: 'silent' })).toBe(0)
      expect(await open('silent', silentCount)).toBe(silentCount)
      const grown = (await heapBytes()) - atStart.heap
      process.stderr.write(
        `soak: ${sessions} sessions, 24 h, ${soak.auditCount} audits, heap ${Math.round(grown / 1024)} KiB more\n`,
      )
      expect(grown).toBeLessThan(heapGrowthMax)
      expect(timers() - atStart.timers).toBeLessThan(timersGrowthMax)
      await tell(peer, { kind: 'letGo' })
      await until(() => soak.active === 0, patienceMs)
      expect(soak.worst).toEqual({ drift: 0, leakedIds: [], unknownIds: [] })
      expect(soak.engine.audit(new Set())).toEqual({ drift: 0, leakedIds: [], unknownIds: [] })
      expect(soak.complaints).toEqual([])
    },
    patienceMs,
  )
})
