// Three gates with one store, whatever happens to them, to the store or to what lies between. The
// witness is the kernel's socket table; the bounds are those of docs/cluster.md. The caps asked here
// refuse while the store is away, so the cap itself is the bound but for sessions that nobody can
// count any more: those of a gate that the store has not heard from for a lease.

import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../e2e/kit/client.ts'
import { sleep, until } from '../e2e/kit/until.ts'
import { socketsOf } from '../e2e/kit/witness.ts'
import { haveRedis } from '../kit/redis.ts'
import { Arrivals, cap, ClusterRig, isAdmitted, leaseMs, share } from './kit/cluster-rig.ts'

/** A gate that is dead or silent is given up within a lease, and a loaded machine takes its time. */
const backWithinMs = leaseMs + 4000
const heldPerGate = 2
const hourMs = 3_600_000
const clean = { drift: 0, leakedIds: [], unknownIds: [] }

describe.skipIf(!haveRedis())('three gates that count as one', () => {
  let rig: ClusterRig
  let held: Client[] = []

  beforeAll(async () => {
    rig = await ClusterRig.start()
  })

  afterAll(() => rig.stop())

  afterEach(async ({ task }) => {
    for (const client of held) client.reset()
    held = []
    if (task.result?.state === 'fail') for (const gate of rig.gates) gate.showLog()
    await rig.isEmpty()
  })

  /** Sessions that are there before anything happens, and must be there when it is over. */
  async function hold(): Promise<void> {
    for (const at of [0, 1, 2]) {
      for (let time = 0; time < heldPerGate; time += 1) held.push(await rig.admits(at))
    }
  }

  function areLive(clients: readonly Client[]): void {
    expect(clients.filter((client) => !client.isLive).map((client) => client.describe())).toEqual(
      [],
    )
  }

  interface Storm {
    /** Most sessions at once that the kernel knew of. */
    readonly highestCount: number
  }

  /** Clients come to all gates and find them full, something happens, and they find room again. */
  async function storm(happens: () => Promise<void>): Promise<Storm> {
    const watch = rig.watch()
    const arrivals = new Arrivals(rig)
    try {
      await until('some who find room and some who find none', () => {
        const isFull = arrivals.refusedCount > 0 && arrivals.admittedCount > 0
        return isFull && watch.highestCount >= held.length
      })
      await happens()
      await sleep(leaseMs)
      const { admittedCount } = arrivals
      await until('room again', () => arrivals.admittedCount > admittedCount + 10)
    } finally {
      await arrivals.stop()
      watch.stop()
    }
    return { highestCount: watch.highestCount }
  }

  const lease3Ms = 3 * leaseMs
  const ofTheStore: readonly (readonly [string, () => Promise<void>])[] = [
    [
      'the store is killed and comes back empty',
      async () => {
        await rig.redis.kill()
        await sleep(leaseMs / 2)
        await rig.redis.start()
      },
    ],
    [
      'the store is flushed',
      async () => {
        await rig.redis.control.flushall()
      },
    ],
    [
      'the store forgets its scripts',
      async () => {
        await rig.redis.control.script('FLUSH')
      },
    ],
    [
      'the store sleeps for three leases',
      async () => {
        await rig.redis.control.call('DEBUG', 'SLEEP', `${lease3Ms / 1000}`)
      },
    ],
    [
      'lines to the store are cut for half a lease',
      async () => {
        for (const line of rig.lines) line.cut?.()
        await sleep(leaseMs / 2)
        for (const line of rig.lines) line.mend()
      },
    ],
    [
      'every line to the store is silent for three leases',
      async () => {
        for (const line of rig.lines) line.stall()
        await sleep(lease3Ms)
        for (const line of rig.lines) line.mend()
      },
    ],
  ]

  it.each(ofTheStore)('never have more than the cap when %s', async (_what, happens) => {
    await hold()
    const { highestCount } = await storm(happens)
    expect(highestCount).toBeGreaterThanOrEqual(held.length)
    expect(highestCount).toBeLessThanOrEqual(cap)
    areLive(held)
    await rig.isFilledExactly(held.length)
  })

  it('have the slots of a gate that is killed back within a lease', async () => {
    await hold()
    while (held.length < cap) held.push(await rig.admits(held.length % 2))
    expect(await isAdmitted(rig.connect(0))).toBe(false)
    const watch = rig.watch()
    const dead = held.splice(2 * heldPerGate, heldPerGate)
    rig.gate(2).program.signal('SIGKILL')
    const killedMs = performance.now()
    held.push(await rig.admits(0), await rig.admits(1))
    const tookMs = performance.now() - killedMs
    watch.stop()
    expect(dead.map((client) => client.isLive)).toEqual([false, false])
    expect(tookMs).toBeLessThan(backWithinMs)
    expect(watch.highestCount).toBeLessThanOrEqual(cap)
    await rig.restart(2)
    expect(await isAdmitted(rig.connect(2))).toBe(false)
    areLive(held)
    while (held.length > 4) held.pop()?.reset()
    await rig.isFilledExactly(held.length)
  })

  it('keep the sessions of a gate that is stopped for three leases, and its fence holds', async () => {
    await hold()
    const stopped = rig.gate(2)
    let heldByStopped = 0
    const { highestCount } = await storm(async () => {
      stopped.program.signal('SIGSTOP')
      heldByStopped = socketsOf(stopped.pid).filter(
        ({ remotePort, state }) => remotePort === stopped.upstream.port && state === 'ESTABLISHED',
      ).length
      await sleep(lease3Ms)
      stopped.program.signal('SIGCONT')
    })
    expect(heldByStopped).toBeGreaterThanOrEqual(heldPerGate)
    expect(highestCount).toBeLessThanOrEqual(cap + heldByStopped)
    areLive(held)
    await rig.isFilledExactly(held.length)
  })

  it('go on without one that cannot reach the store, which refuses and closes nobody', async () => {
    await hold()
    const { highestCount } = await storm(async () => {
      rig.line(0).stall()
      await sleep(lease3Ms)
      expect(await isAdmitted(rig.connect(0))).toBe(false)
      await rig.admits(1).then((client) => client.close())
      rig.line(0).mend()
    })
    expect(highestCount).toBeLessThanOrEqual(cap + heldPerGate)
    areLive(held)
    await rig.isFilledExactly(held.length)
  })

  it('do not care what time it is', async () => {
    await hold()
    const before = rig.gate(1).log.length
    const { highestCount } = await storm(async () => {
      writeFileSync(`${rig.clockFile}1`, `${hourMs}`)
      await sleep(leaseMs)
      await rig.admits(1).then((client) => client.close())
      // A lease that ended by this clock would not end for an hour now.
      writeFileSync(`${rig.clockFile}1`, `${-hourMs}`)
      await sleep(leaseMs)
      rig.line(1).stall()
      await sleep(lease3Ms)
      expect(await isAdmitted(rig.connect(1))).toBe(false)
      rig.line(1).mend()
      writeFileSync(`${rig.clockFile}1`, '0')
    })
    const said = rig.gate(1).log.slice(before)
    const stepsMs = [...said.matchAll(/^(\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d) /gm)].map(
      ([, year, month, day, time]) => Date.parse(`${year}-${month}-${day}T${time}`) - Date.now(),
    )
    const hasStepped = (sign: number): boolean =>
      stepsMs.some((stepMs) => Math.abs(stepMs - sign * hourMs) < hourMs / 6)
    expect([hasStepped(1), hasStepped(-1)]).toEqual([true, true])
    expect(highestCount).toBeLessThanOrEqual(cap + heldPerGate)
    areLive(held)
    await rig.isFilledExactly(held.length)
  })

  it('do what each cap says while the store is away, and are one again when it is back', async () => {
    const before = rig.gates.map((gate) => gate.log.length)
    const imap: Client[] = []
    const pop3: Client[] = []
    while (imap.length < cap) imap.push(await rig.admits(0, 'imap'))
    while (pop3.length < cap) pop3.push(await rig.admits(0, 'pop3'))
    const watch = rig.watch()
    await rig.redis.kill()
    // Each of the others fills its share, which the first one has long done: the worst there is.
    for (const at of [1, 2]) {
      for (let time = 0; time < share; time += 1) imap.push(await rig.admits(at, 'imap'))
    }
    for (const at of [1, 2]) {
      for (let time = 0; time < cap; time += 1) pop3.push(await rig.admits(at, 'pop3'))
    }
    for (const at of [0, 1, 2]) {
      for (const name of ['smtp', 'imap', 'pop3'] as const) {
        expect(await isAdmitted(rig.connect(at, name))).toBe(false)
      }
    }
    expect(imap).toHaveLength(2 * cap - share)
    expect(pop3).toHaveLength(3 * cap)
    const total = imap.length + pop3.length
    await until('all of them in the table', () => watch.highestCount >= total)
    watch.stop()
    expect(watch.highestCount).toBe(total)
    await rig.redis.start()
    held.push(await rig.admits(0, 'smtp'))
    for (const name of ['imap', 'pop3'] as const) {
      for (const at of [0, 1, 2]) expect(await isAdmitted(rig.connect(at, name))).toBe(false)
    }
    areLive([...imap, ...pop3])
    while (imap.length >= cap) await imap.pop()?.close()
    imap.push(await rig.admits(2, 'imap'))
    expect(await isAdmitted(rig.connect(0, 'imap'))).toBe(false)
    for (const client of [...imap, ...pop3]) client.reset()
    for (const [at, gate] of rig.gates.entries()) {
      // On a busy machine the store may be away for a moment more than once; never twice in a row.
      const said = gate.log.slice(before[at]).matchAll(/the store (is away|counts again)/g)
      const turns = Array.from(said, ([, turn]) => turn).join(', ')
      expect(turns).toMatch(/^is away, counts again(, is away, counts again)*$/)
    }
  })

  it('have counted nobody wrongly when all that is over', async () => {
    for (const gate of rig.gates) {
      // The gate that was killed may be too young to have audited itself.
      const { audit = clean } = await gate.status()
      expect(audit).toEqual(clean)
    }
  })
})
