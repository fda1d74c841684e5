// Workers that die, and the processes around them: what died with them is free again, what lives on
// stays counted, and nobody ever gets in beyond the cap (SEMANTICS S5, S20). The witness is the
// kernel's socket table.

import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Client } from '../e2e/kit/client.ts'
import { tryConnect } from '../e2e/kit/client.ts'
import { Gate } from '../e2e/kit/gate.ts'
import { sleep, until } from '../e2e/kit/until.ts'
import { sessionsHeld, UpstreamWatch } from '../e2e/kit/witness.ts'

const liveCount = 200
const cap = 220
const arrivingCount = 40
const config = `Workers = 2 E{SS=${cap} Listen ":25"{}}`
/** The promise: every slot of the dead is free again. */
const freeWithinMs = 2000

/** A worker that hangs is given twenty seconds. */
const deathPatienceMs = 60_000

const faultModule = fileURLToPath(new URL('fault.cjs', import.meta.url))

/** Clients that keep coming, stay a moment and go, until told to stop. */
class Arrivals {
  #isOver = false
  readonly #all: Promise<unknown>
  admittedCount = 0
  refusedCount = 0

  constructor(gate: Gate) {
    this.#all = Promise.all(Array.from({ length: arrivingCount }, () => this.#come(gate)))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#all
  }

  async #come(gate: Gate): Promise<void> {
    while (!this.#isOver) {
      const client = gate.connect('A@25')
      // A client of a thread that dies is neither admitted nor refused.
      const isAdmitted = await client.isAdmitted().catch(() => undefined)
      if (isAdmitted === true) this.admittedCount += 1
      if (isAdmitted === false) this.refusedCount += 1
      await sleep(10)
      client.reset()
      await sleep(20)
    }
  }
}

async function startWithSessions(env: NodeJS.ProcessEnv = {}) {
  const gate = await Gate.start({ config, env, expectsAlerts: true })
  const live: Client[] = []
  for (let at = 0; at < liveCount; at += 1) live.push(await gate.admits('A@25'))
  return { gate, live }
}

function liveOf(clients: readonly Client[]): readonly Client[] {
  return clients.filter((client) => client.isLive)
}

/** As many as still fit are admitted, and not one more. */
async function isFilledExactly(gate: Gate, live: readonly Client[]): Promise<void> {
  const free = cap - live.length
  const clients = Array.from({ length: free + 15 }, () => gate.connect('A@25'))
  const answers = await Promise.all(clients.map((client) => client.isAdmitted()))
  expect(answers.filter(Boolean)).toHaveLength(free)
  await gate.holds(cap)
}

describe('a worker that dies', () => {
  const ways = [
    { fault: 'exit', said: /worker 2 exited with code 3/ },
    { fault: 'exception', said: /worker 2 ended: a defect made for a test/ },
    { fault: 'memory', said: /worker 2 ended: Worker terminated due to reaching memory limit/ },
    { fault: 'loop', said: /worker 2 has not had a turn for 20 s and is ended/ },
  ]
  it.each(ways)('by $fault takes its own sessions with it, and no others', async (way) => {
    const faultFile = `/tmp/postern-fault-${process.pid}-${way.fault}`
    const { gate, live } = await startWithSessions({
      // A small heap, so that it is full before the machine's memory is.
      NODE_OPTIONS: `--require ${faultModule} --max-old-space-size=96`,
      POSTERN_TEST_FAULT: faultFile,
    })
    const pid = await gate.servingPid()
    const watch = new UpstreamWatch({ pid, port: gate.upstream.port })
    onTestFinished(() => watch.stop())
    const arrivals = new Arrivals(gate)
    await until('some that find no room', () => arrivals.refusedCount > 0)
    writeFileSync(`${faultFile}.new`, way.fault)
    // In one step, or it would be read half written.
    renameSync(`${faultFile}.new`, `${faultFile}.2`)
    await until(way.said.source, () => way.said.test(gate.log), deathPatienceMs)
    const diedMs = performance.now()
    const atDeath = await gate.status()
    await arrivals.stop()
    const after = await gate.status()
    // Nothing that was ever admitted or refused is forgotten.
    expect(atDeath.admittedTotal).toBeGreaterThanOrEqual(liveCount)
    expect(after.admittedTotal).toBeGreaterThanOrEqual(atDeath.admittedTotal)
    expect(after.refusedTotal).toBeGreaterThanOrEqual(arrivals.refusedCount)
    const left = liveOf(live)
    expect(left.length).toBeGreaterThan(0)
    expect(left.length).toBeLessThan(liveCount)
    await gate.counts(left.length)
    expect(performance.now() - diedMs).toBeLessThan(freeWithinMs)
    expect(watch.highestCount).toBeLessThanOrEqual(cap)
    expect(arrivals.admittedCount).toBeGreaterThan(0)
    const service = (await gate.budgets()).find(({ key }) => key === 'service smtp')
    expect(service).toMatchObject({ zone: 'connect', usedCount: left.length })
    // No count of a limit is forgotten with the one who counted, either.
    expect(await gate.refusedBy('service_sessions,ESMTP_Listener')).toBe(after.refusedTotal)
    await gate.logs(/worker 2 serves again/)
    await isFilledExactly(gate, left)
    await gate.auditsClean()
    expect(await gate.servingPid()).toBe(pid)
  })
})

describe('a host that is killed', () => {
  it('is started again, and no listening socket closes meanwhile', async () => {
    const { gate, live } = await startWithSessions()
    const pid = await gate.servingPid()
    const { admittedTotal } = await gate.status()
    process.kill(pid, 'SIGKILL')
    await gate.logs(/host process \d+ ended \(SIGKILL\)/)
    // Nobody serves at this moment; who comes waits in the queue of the kernel, and is served.
    const early = gate.connect('A@25')
    expect(await early.isAdmitted()).toBe(true)
    await gate.logs(/host process \d+ serves again/)
    expect(await gate.servingPid()).not.toBe(pid)
    await Promise.all(live.map((client) => client.over()))
    await gate.counts(1)
    expect((await gate.status()).admittedTotal).toBe(admittedTotal + 1)
    await isFilledExactly(gate, [early])
    await gate.auditsClean()
  })
})

describe('a master that is killed', () => {
  it('takes its host with it, which ends in order', async () => {
    const { gate, live } = await startWithSessions()
    try {
      const hostPid = await gate.servingPid()
      const arrivals = new Arrivals(gate)
      await until('some that find no room', () => arrivals.refusedCount > 0)
      gate.program.signal('SIGKILL')
      await until('the end of the host', () => !existsSync(`/proc/${hostPid}`))
      await arrivals.stop()
      await Promise.all(live.map((client) => client.over()))
      expect(gate.log).toMatch(/#1: the master process is gone, its workers end/)
      expect(existsSync(gate.pidFile)).toBe(false)
      expect(await tryConnect(gate.place.ports[0] ?? 0)).toBe('ECONNREFUSED')
    } finally {
      gate.abandon()
    }
  })
})

describe('two workers', () => {
  it('admit exactly three of twelve that come at once, five hundred times', async () => {
    const three = await Gate.start({ config: `Workers = 2 E{SS=3 Listen ":25"{}}` })
    const pid = await three.servingPid()
    for (let round = 0; round < 500; round += 1) {
      const clients = Array.from({ length: 12 }, () => three.connect('A@25'))
      const answers = await Promise.all(clients.map((client) => client.isAdmitted()))
      expect(answers.filter(Boolean)).toHaveLength(3)
      for (const client of clients) client.reset()
      await three.counts(0)
    }
    await until('no socket left', () => sessionsHeld(pid, three.place.ports) === 0)
    await three.isEmpty()
  })
})
