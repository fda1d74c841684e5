// Engines that count together in a real store: verdicts that are asked for, sessions that leave
// meanwhile, reloads, and what each mode does while the store is away.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { randomBytes } from 'node:crypto'
import { createEngine } from '../../src/engine/create-engine.ts'
import { systemTimers } from '../../src/engine/cluster/timers.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { EngineEvent } from '../../src/engine/events.ts'
import type { EngineSession } from '../../src/engine/session.ts'
import type { FirstVerdict, Verdict } from '../../src/engine/verdict.ts'
import type { WhenAway } from '../../src/policy/cluster.ts'
import { freezePolicy } from '../../src/policy/policy.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { storeAt } from '../kit/ledger.ts'
import { buildPolicy } from '../kit/policy.ts'
import type { PolicyText } from '../kit/policy.ts'
import { haveRedis, RedisServer } from '../kit/redis.ts'

const span = { file: 'test.conf', line: 1, column: 1 }
const leaseMs = 1000

interface Scene {
  readonly name: string
  readonly cap?: number
  readonly userCap?: number
  readonly whenAway?: WhenAway
  readonly isDryRun?: boolean
  readonly proxy?: boolean
}

/** One service whose cap, and one zone of users that, counts over all nodes. */
function policyOf({ name, cap = 2, userCap, whenAway, isDryRun, proxy }: Scene): Policy {
  const text: PolicyText = {
    smtp: {
      ss: cap,
      ...(isDryRun === undefined ? {} : { ssDry: isDryRun }),
      ...(userCap === undefined ? {} : { limits: { user: userCap } }),
      listens: { ':25': proxy === undefined ? {} : { proxy } },
    },
    ...(userCap === undefined ? {} : { zones: { user: '$remote_user' } }),
  }
  const policy = buildPolicy(text)
  const counted = { isCounted: true, ...(whenAway === undefined ? {} : { whenAway }) }
  return freezePolicy({
    ...policy,
    listeners: policy.listeners.map((listener) => ({
      ...listener,
      options: { ...listener.options, serviceSessionsCluster: { value: counted, span } },
    })),
    zones: policy.zones.map((zone) => ({ ...zone, cluster: counted })),
    cluster: {
      servers: { value: [{ kind: 'unix', path: '/test' }], span },
      name: { value: name, span },
      leaseMs: { value: leaseMs, span },
      span,
    },
  })
}

describe.skipIf(!haveRedis())('engines over one store', () => {
  let server: RedisServer
  let count = 0
  const engines: Engine[] = []

  beforeAll(async () => {
    server = await RedisServer.start()
  })

  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.leave()))
  })

  afterAll(() => server.stop())

  function newName(): string {
    count += 1
    return `engines${count}`
  }

  async function start(
    policy: Policy,
    node: string,
    onEvent?: (event: EngineEvent) => void,
  ): Promise<Engine> {
    const engine = createEngine({
      policy,
      ...(onEvent === undefined ? {} : { onEvent }),
      cluster: {
        hostName: node,
        worker: 1,
        instance: randomBytes(4).toString('hex'),
        timers: systemTimers,
        newEpoch: () => randomBytes(8).toString('hex'),
        open: () => storeAt([{ kind: 'unix', path: server.path }], { leaseMs }),
      },
    })
    engines.push(engine)
    await engine.joined()
    return engine
  }

  async function pair(scene: Omit<Scene, 'name'>): Promise<readonly [Engine, Engine]> {
    const policy = policyOf({ name: newName(), ...scene })
    return Promise.all([start(policy, 'one'), start(policy, 'two')])
  }

  async function settled(verdict: FirstVerdict): Promise<Verdict> {
    if (verdict.kind !== 'asking') return verdict
    const last = await verdict.settled
    if (last === undefined) throw new Error('closed meanwhile')
    return last
  }

  function open(engine: Engine): Promise<Verdict> {
    return settled(engine.open({ listenId: '*:25', remote: '192.0.2.1' }))
  }

  async function admitted(engine: Engine): Promise<EngineSession> {
    const verdict = await open(engine)
    if (verdict.kind === 'refuse') throw new Error('refused')
    return verdict.session
  }

  function login(engine: Engine, session: EngineSession, user: string): Promise<Verdict> {
    return settled(engine.authenticate(session, { isUnix: false, user, authHeaders: [] }))
  }

  function drift(engine: Engine): number {
    return engine.audit(new Set(Array.from(engine.sessions(), ({ id }) => id))).drift
  }

  async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + 20_000
    while (!(await isTrue())) {
      if (performance.now() > endMs) throw new Error('it never came to be')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  const isCounting = (engine: Engine): boolean =>
    engine.cluster()?.ledgers[0]?.state === 'counting' &&
    engine.cluster()?.ledgers[0]?.awayMs === undefined
  const isAway = (engine: Engine): boolean => engine.cluster()?.ledgers[0]?.awayMs !== undefined

  it('admit as many as the cap together, with the counts of all in the verdict', async () => {
    const [one, two] = await pair({})
    const first = await admitted(one)
    await admitted(two)
    const refused = await open(one)
    expect(refused).toMatchObject({ kind: 'refuse', reason: 'full', decidedBy: { usedCount: 2 } })
    expect((await one.explainLive({ listenId: '*:25', remote: '192.0.2.1' }))?.wouldAdmit).toBe(
      false,
    )
    one.close(first)
    await until(async () => {
      const verdict = await open(two)
      return verdict.kind === 'admit'
    })
    expect(drift(one) + drift(two)).toBe(0)
  })

  it('refuse without asking what they have just seen to be full', async () => {
    const [one, two] = await pair({ cap: 1 })
    await admitted(two)
    expect((await open(one)).kind).toBe('refuse')
    expect(one.open({ listenId: '*:25', remote: '192.0.2.1' }).kind).toBe('refuse')
    // A moment later it is asked again.
    await until(() => one.open({ listenId: '*:25', remote: '192.0.2.1' }).kind === 'asking')
  })

  it('hold nothing, here or there, of a session that left while they asked', async () => {
    const [one, two] = await pair({ cap: 1 })
    const verdict = one.open({ listenId: '*:25', remote: '192.0.2.1' })
    if (verdict.kind !== 'asking') throw new Error(`not asking: ${verdict.kind}`)
    one.close(verdict.session)
    expect(await verdict.settled).toBeUndefined()
    expect(one.snapshot()).toMatchObject({ sessionsActive: 0, budgets: [] })
    await until(async () => (await open(two)).kind === 'admit')
    expect(drift(one)).toBe(0)
  })

  it('count a user over all nodes, and give his connection back when he is refused', async () => {
    const [one, two] = await pair({ cap: 10, userCap: 1 })
    const bob = await admitted(one)
    expect((await login(one, bob, 'bob')).kind).toBe('admit')
    const again = await admitted(two)
    const refused = await login(two, again, 'bob')
    expect(refused).toMatchObject({ kind: 'refuse', stage: 'authenticated' })
    expect(two.snapshot()).toMatchObject({ sessionsActive: 0, budgets: [] })
    expect((await login(two, await admitted(two), 'eve')).kind).toBe('admit')
    one.close(bob)
    await until(async () => (await login(two, await admitted(two), 'bob')).kind === 'admit')
    expect(drift(one) + drift(two)).toBe(0)
  })

  it('move a session to the budgets of its PROXY address without competing with itself', async () => {
    const [one, two] = await pair({ cap: 1, proxy: true })
    const waiting = await admitted(one)
    expect((await settled(one.adopt(waiting, '198.51.100.7'))).kind).toBe('admit')
    expect((await open(two)).kind).toBe('refuse')
    expect(drift(one)).toBe(0)
    one.close(waiting)
    await until(async () => (await open(two)).kind === 'admit')
  })

  it('count a dry run over all nodes, the excess included', async () => {
    const [one, two] = await pair({ cap: 1, isDryRun: true })
    await admitted(one)
    const over = await open(two)
    expect(over).toMatchObject({ kind: 'admit' })
    expect(over.findings.find(({ limit }) => limit.option === 'service_sessions')).toMatchObject({
      usedCount: 1,
      isOver: true,
    })
  })

  it('publish what is held anew after a reload, and check nobody who is there', async () => {
    const name = newName()
    const [one, two] = await Promise.all(
      ['one', 'two'].map((node) => start(policyOf({ name, cap: 5 }), node)),
    )
    if (one === undefined || two === undefined) throw new Error('no engines')
    for (const engine of [one, one, two]) await admitted(engine)
    const asking = one.open({ listenId: '*:25', remote: '192.0.2.1' })
    for (const engine of [one, two]) engine.replacePolicy(policyOf({ name, cap: 3, userCap: 9 }))
    expect((await settled(asking)).kind).toBe('admit')
    expect((await open(two)).kind).toBe('refuse')
    expect(drift(one) + drift(two)).toBe(0)
    expect([one, two].map((engine) => engine.snapshot().sessionsActive)).toEqual([3, 1])
  })

  it.each([
    ['local', 2],
    ['refuse', 0],
    ['admit', 3],
  ] as const)('do as %s says while the store is away', async (whenAway, perNode) => {
    const events: EngineEvent[] = []
    const policy = policyOf({ name: newName(), cap: 3, whenAway })
    const [one, two] = await Promise.all([
      start(policy, 'one', (event) => events.push(event)),
      start(policy, 'two'),
    ])
    await server.kill()
    try {
      await until(() => isAway(one) && isAway(two))
      for (const engine of [one, two]) {
        let admittedCount = 0
        for (let tried = 0; tried < 6; tried += 1) {
          const verdict = engine.open({ listenId: '*:25', remote: '192.0.2.1' })
          // It is not asked any more: nobody waits.
          expect(verdict.kind).not.toBe('asking')
          if (verdict.kind === 'admit') admittedCount += 1
          else if (verdict.kind === 'refuse') expect(verdict.decidedBy.limit.alone).toBe(whenAway)
        }
        expect(admittedCount).toBe(perNode)
      }
    } finally {
      await server.start()
    }
    await until(() => isCounting(one) && isCounting(two))
    // What was admitted meanwhile is counted.
    const found = await one.explainLive({ listenId: '*:25', remote: '192.0.2.1' })
    expect(found?.findings.find(({ limit }) => limit.cluster)?.usedCount).toBe(perNode * 2)
    expect(drift(one) + drift(two)).toBe(0)
    const told = events.map(({ kind }) => kind).filter((kind) => kind.startsWith('cluster'))
    expect(told).toEqual(['cluster_counting', 'cluster_away', 'cluster_counting'])
  })

  it('answer who asks in the moment in which the store goes', async () => {
    const [one] = await pair({ cap: 4 })
    const asking = Array.from({ length: 6 }, () =>
      one.open({ listenId: '*:25', remote: '192.0.2.1' }),
    )
    await server.control.call('CLIENT', ['PAUSE', '600', 'ALL'])
    const verdicts = await Promise.all(asking.map(settled))
    const admittedCount = verdicts.filter(({ kind }) => kind === 'admit').length
    // Before the pause up to the cap; in it the share of one node of two.
    expect(admittedCount).toBeGreaterThanOrEqual(2)
    expect(admittedCount).toBeLessThanOrEqual(4)
    await until(() => isCounting(one))
    expect(drift(one)).toBe(0)
  })
})
