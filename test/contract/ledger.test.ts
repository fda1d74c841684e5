// What a ledger does when the store forgets its scripts or its data, stalls, dies or loses writes,
// and when its own process stands still: against a real redis-server.

import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/engine/cluster/ledger.ts'
import type { ScriptStore } from '../../src/engine/cluster/script-store.ts'
import type { Loss } from '../../src/engine/cluster/lease.ts'
import { ask, budget, makeLedger, startLedger, storeAt, untilCounting } from '../kit/ledger.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { haveRedis, RedisServer } from '../kit/redis.ts'

const leaseMs = 600

describe.skipIf(!haveRedis())('a ledger on redis-server', () => {
  let server: RedisServer
  let prefixCount = 0
  let prefix = ''
  const stores: ScriptStore[] = []
  const ledgers: Ledger[] = []

  beforeAll(async () => {
    server = await RedisServer.start()
  })

  afterEach(async () => {
    await Promise.all(ledgers.splice(0).map((ledger) => ledger.stop()))
    await Promise.all(stores.splice(0).map((store) => store.close()))
  })

  afterAll(() => server.stop())

  function newStore(): ScriptStore {
    const store = storeAt([{ kind: 'unix', path: server.path }], { leaseMs })
    stores.push(store)
    return store
  }

  /** So many nodes that count together, apart from those of all other tests. */
  async function nodes(count: number): Promise<readonly [Ledger, ...Ledger[]]> {
    prefixCount += 1
    prefix = `test${prefixCount}`
    const made = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        startLedger({ store: newStore(), node: `n${index}`, prefix, leaseMs }),
      ),
    )
    ledgers.push(...made)
    const [first, ...others] = made
    if (first === undefined) throw new Error('no nodes')
    return [first, ...others]
  }

  async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + 20_000
    while (!(await isTrue())) {
      if (performance.now() > endMs) throw new Error('it never came to be')
      await wait(5)
    }
  }

  const bob = (cap: number) => [budget('user/bob', cap)]
  const granted = { kind: 'granted' }
  const refused = { kind: 'refused' }

  it('teaches the store its scripts again when it has forgotten them', async () => {
    const [one] = await nodes(1)
    await server.control.script('FLUSH')
    expect(await ask(one, bob(1))).toEqual({ kind: 'granted', usedCounts: [0] })
    expect(await ask(one, bob(1))).toEqual({ kind: 'refused', place: 0, usedCounts: [1] })
  })

  it('asks nothing of the store for a session that is idle, but a heartbeat', async () => {
    const [one] = await nodes(1)
    await ask(one, bob(9))
    const commands = async (): Promise<number> => {
      const stats = await server.control.info('commandstats')
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
    }
    const before = await commands()
    const startMs = performance.now()
    await wait(leaseMs)
    const beats = Math.ceil((performance.now() - startMs) / (leaseMs / 3)) + 1
    expect((await commands()) - before).toBeLessThanOrEqual(beats)
  })

  it('knows a member that comes, and one that goes, before it grants again', async () => {
    const [one, two] = await nodes(2)
    await ask(two as Ledger, bob(2))
    const three = await startLedger({ store: newStore(), node: 'n3', prefix, leaseMs })
    ledgers.push(three)
    await ask(three, bob(2))
    expect(await ask(one, bob(2))).toMatchObject(refused)
    expect(one.membership.nodeCount).toBe(3)
    await three.stop()
    expect(await ask(one, bob(2))).toMatchObject(granted)
  })

  it('publishes everything anew after FLUSHALL, and grants nothing before all have', async () => {
    const [one, two, three] = await nodes(3)
    const all = [one, two as Ledger, three as Ledger]
    for (const ledger of all) await ask(ledger, bob(3))
    await server.control.flushall()
    let overCount = 0
    const over = async (ledger: Ledger): Promise<void> => {
      const reply = ledger.isAway() ? { kind: 'away' } : await ask(ledger, bob(3))
      if (reply.kind === 'granted') overCount += 1
    }
    await until(async () => {
      await Promise.all(all.map(over))
      await wait(2)
      return all.every(({ lease }) => lease.begunTotal > 1 && lease.state === 'counting')
    })
    expect(overCount).toBe(0)
    expect(await one.look(['user/bob'])).toEqual([3])
  })

  it('finds its way back to a store that was killed and comes back empty', async () => {
    const [one, two] = await nodes(2)
    const both = [one, two as Ledger]
    for (const ledger of both) await ask(ledger, bob(2))
    await server.kill()
    await until(() => both.every((ledger) => ledger.isAway()))
    one.give(['user/bob'])
    one.take(['user/eve'])
    await server.start()
    await Promise.all(both.map(untilCounting))
    expect(await one.look(['user/bob', 'user/eve'])).toEqual([1, 1])
    expect(await ask(one, bob(2))).toMatchObject(granted)
    expect(await ask(one, bob(2))).toMatchObject(refused)
  })

  it('tells who asks within a bounded time that the store does not answer', async () => {
    const losses: Loss[] = []
    const backs: (number | undefined)[] = []
    const ledger = makeLedger({
      store: newStore(),
      node: 'alone',
      prefix: 'stalled',
      leaseMs,
      handlers: { onAway: (loss) => losses.push(loss), onCounting: (ms) => backs.push(ms) },
    })
    ledgers.push(ledger)
    ledger.start()
    await untilCounting(ledger)
    losses.splice(0)
    backs.splice(0)
    await server.control.call('CLIENT', ['PAUSE', '1500', 'ALL'])
    expect(await ask(ledger, bob(1))).toEqual({ kind: 'away' })
    expect(ledger.isAway()).toBe(true)
    await untilCounting(ledger)
    expect(losses.map(({ why }) => why)).toEqual(['unreachable'])
    expect(backs).toHaveLength(1)
    expect(await ask(ledger, bob(1))).toMatchObject(granted)
    expect(await ask(ledger, bob(1))).toMatchObject(refused)
  })

  it('frees what a node held that died, one lease later, however often others ask', async () => {
    const [one, two] = await nodes(2)
    const dying = two as Ledger
    await ask(dying, bob(1))
    // As a killed process: its connection ends, and nobody says goodbye.
    await stores[1]?.close()
    await until(async () => (await ask(one, bob(1))).kind === 'granted')
    await until(() => one.membership.nodeCount === 1)
  })

  it('keeps a session counted that is ten leases old', async () => {
    const short = { prefix: 'long', leaseMs: 300 }
    const one = await startLedger({ store: newStore(), node: 'n1', ...short })
    const two = await startLedger({ store: newStore(), node: 'n2', ...short })
    ledgers.push(one, two)
    await ask(one, bob(1))
    await wait(short.leaseMs * 10)
    expect(await ask(two, bob(1))).toMatchObject(refused)
  })

  it('knows at once that its lease ran out while its process stood still', async () => {
    const clock = new ManualClock()
    const ledger = await startLedger({
      store: newStore(),
      node: 'still',
      prefix: 'still',
      leaseMs,
      clock,
    })
    ledgers.push(ledger)
    expect(ledger.lease.leftMs).toBeGreaterThan(0)
    clock.advance(leaseMs * 3)
    ledger.isAway()
    expect(ledger.lease.state).toBe('joining')
    await untilCounting(ledger)
    expect(ledger.lease.begunTotal).toBeGreaterThanOrEqual(2)
  })

  it('is fenced when another epoch or nothing stands in its ledger, and asks again', async () => {
    const [one] = await nodes(1)
    await ask(one, bob(3))
    await server.control.del(one.membership.ownKey)
    expect(await ask(one, bob(3))).toEqual({ kind: 'granted', usedCounts: [1] })
    await server.control.hset(one.membership.ownKey, '#epoch', 'of another')
    expect(await ask(one, bob(3))).toEqual({ kind: 'granted', usedCounts: [2] })
    expect(await ask(one, bob(3))).toMatchObject(refused)
    expect(one.lease.begunTotal).toBeGreaterThanOrEqual(3)
  })

  it('notices a write that was lost, and makes it good', async () => {
    const drifts: number[] = []
    const ledger = await startLedger({
      store: newStore(),
      node: 'lossy',
      prefix: 'lossy',
      leaseMs,
      handlers: { onDrift: (drift) => drifts.push(drift) },
    })
    ledgers.push(ledger)
    await ask(ledger, bob(9))
    const key = ledger.membership.ownKey
    const older = await server.control.hgetall(key)
    await ask(ledger, bob(9))
    // As after a failover to a replica that had not heard of the second.
    await server.control.hset(key, older)
    await until(() => drifts.length > 0)
    await until(async () => (await server.control.hget(key, 'user/bob')) === '2')
    await untilCounting(ledger)
    expect(await ledger.look(['user/bob'])).toEqual([2])
  })

  it('gives back what it was granted for somebody who has left', async () => {
    const [one] = await nodes(1)
    const left = await new Promise((resolve) => {
      const settle = (): boolean => {
        resolve(true)
        return false
      }
      one.ask({ budgets: bob(1), settle }, [])
    })
    expect(left).toBe(true)
    expect(await ask(one, bob(1))).toMatchObject(granted)
    expect(one.held.total).toBe(1)
  })

  it('borrows slots in blocks that count, uses them unasked, and returns what is idle', async () => {
    const [one, two] = await nodes(2)
    const hot = [budget('service/smtp', 40, { wantMax: 8 })]
    const fields = ['service/smtp']
    expect(await ask(one, hot)).toMatchObject(granted)
    expect(one.spares.countOf('service/smtp')).toBe(7)
    expect(await (two as Ledger).look(fields)).toEqual([8])
    let unaskedCount = 0
    while (one.takeSpare(fields)) unaskedCount += 1
    expect(unaskedCount).toBe(7)
    one.give(fields)
    // Given back, it is in hand; and when nobody comes for it, it goes back to the store.
    expect(one.spares.countOf('service/smtp')).toBe(1)
    await until(() => one.spares.countOf('service/smtp') === 0)
    await until(async () => (await (two as Ledger).look(fields))?.[0] === 7)
    // Never more than the cap, and all of it once nobody has slots to spare.
    const replies = await Promise.all(
      Array.from({ length: 60 }, (_, index) => ask(index % 2 === 0 ? one : (two as Ledger), hot)),
    )
    const took = replies.filter(({ kind }) => kind === 'granted').length
    expect(took).toBeLessThanOrEqual(33)
    for (const ledger of [one, two as Ledger]) {
      while (ledger.takeSpare(fields)) unaskedCount += 1
    }
    expect(one.held.total + (two as Ledger).held.total).toBeLessThanOrEqual(40)
    await until(async () => (await ask(one, [budget('service/smtp', 40)])).kind === 'refused')
    expect(await (two as Ledger).look(fields)).toEqual([40])
  })

  it('carries many asks in few calls, and takes no more than the cap', async () => {
    const [one, two] = await nodes(2)
    const both = [one, two as Ledger]
    const heldTotal = (): number =>
      both.reduce((sum, { held }) => sum + held.countOf('service/smtp'), 0)
    // On a busy machine some of them may be told that nobody knows; then others try.
    for (let round = 0; round < 20 && heldTotal() < 1000; round += 1) {
      await Promise.all(both.map(untilCounting))
      await Promise.all(
        Array.from({ length: 3000 }, (_, index) =>
          ask(index % 2 === 0 ? one : (two as Ledger), [
            budget('service/smtp', 1000),
            budget(`user/${index % 50}`, 30),
          ]),
        ),
      )
      expect(heldTotal()).toBeLessThanOrEqual(1000)
    }
    expect(heldTotal()).toBe(1000)
  })
})
