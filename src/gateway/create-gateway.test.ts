// The gateway as a whole: reload, drain, close, audit, and what it does without file descriptors.

import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  blackHole,
  cleanUp,
  connectClient,
  deadPort,
  pauseMs,
  RigLog,
  rigPolicy,
  startRig,
  startUpstream,
  temporaryDirectory,
  to,
  until,
} from '../../test/kit/gateway-rig.ts'
import { setLoginScene } from '../../test/kit/login-scene.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'
import type { Policy } from '../policy/policy.ts'
import { TimerWheel } from '../base/timer-wheel.ts'
import { DescriptorWatch } from './descriptors.ts'

afterEach(cleanUp)

/** The same, with sockets that leave IPv4 to others (nginx's default). */
function ipv6Only(policy: Policy): Policy {
  const listeners = policy.listeners.map((listener) => ({
    ...listener,
    listens: listener.listens.map((listen) => {
      const { endpoint } = listen
      return endpoint.kind === 'tcp'
        ? { ...listen, endpoint: { ...endpoint, isIpv6Only: true as const } }
        : listen
    }),
  }))
  return { ...policy, listeners }
}

describe('a reload', () => {
  it('binds what is new and retires what is gone, and sessions go on', async () => {
    const upstream = await startUpstream((socket) => socket.pipe(socket))
    const options = to(upstream)
    const rig = await startRig(rigPolicy({ options, listens: { '127.0.0.1:0': {} } }))
    const oldPort = rig.port()
    const client = await connectClient(oldPort, 'one')
    await until(() => client.text === 'one')
    await rig.gateway.reload(rigPolicy({ options, listens: { '127.0.0.2:0': {} } }))
    expect(rig.gateway.bound().map((bound) => bound.listenId)).toEqual(['127.0.0.2:0'])
    await expect(connectClient(oldPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    client.socket.write('two')
    await until(() => client.text === 'onetwo')
    expect(rig.engine.snapshot().sessionsActive).toBe(1)
    expect(rig.engine.audit(new Set([...rig.engine.sessions()].map((s) => s.id))).drift).toBe(0)
  })

  it('that cannot bind leaves everything as it was', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const taken = typeof address === 'object' && address !== null ? address.port : 0
    const options = to(await startUpstream())
    const path = join(temporaryDirectory(), 'in')
    const rig = await startRig(rigPolicy({ options, listens: { '127.0.0.1:0': {} } }))
    const before = rig.gateway.bound()
    const wrong = rigPolicy({ options, listens: { [path]: {}, [`127.0.0.1:${taken}`]: {} } })
    await expect(rig.gateway.reload(wrong)).rejects.toMatchObject({
      code: 'gateway.address_in_use',
    })
    expect(rig.gateway.bound()).toEqual(before)
    expect(rig.engine.revision).toBe(1)
    expect(existsSync(path)).toBe(false)
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 ready\r\n')
    other.close()
  })

  it('moves from an address to the wildcard of its port and back, each in one step', async () => {
    const port = await deadPort()
    const options = to(await startUpstream())
    const rig = await startRig(rigPolicy({ options, listens: { [`127.0.0.1:${port}`]: {} } }))
    for (const name of [`*:${port}`, `127.0.0.1:${port}`]) {
      await rig.gateway.reload(rigPolicy({ options, listens: { [name]: {} } }))
      expect(rig.gateway.bound()).toEqual([{ listenId: name, port }])
      const client = await connectClient(port)
      await until(() => client.text === '220 ready\r\n')
    }
  })

  it('binds [::] anew when only what it does with IPv4 has changed', async () => {
    const port = await deadPort()
    const options = to(await startUpstream())
    const both = rigPolicy({ options, listens: { [`[::]:${port}`]: {} } })
    const rig = await startRig(both)
    await connectClient(port)
    await rig.gateway.reload(ipv6Only(both))
    await expect(connectClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(rig.gateway.bound()).toEqual([{ listenId: `[::]:${port}`, port }])
    expect(rig.gateway.stats().sessionsActive).toBe(1)
    await rig.gateway.reload(both)
    await connectClient(port)
  })

  it('takes back what had made room when a later Listen cannot be bound', async () => {
    const port = await deadPort()
    const options = to(await startUpstream())
    const rig = await startRig(rigPolicy({ options, listens: { [`127.0.0.1:${port}`]: {} } }))
    const listens = { [`*:${port}`]: {}, '192.0.2.1:2525': {} }
    await expect(rig.gateway.reload(rigPolicy({ options, listens }))).rejects.toMatchObject({
      code: 'gateway.address_unavailable',
    })
    expect(rig.gateway.bound()).toEqual([{ listenId: `127.0.0.1:${port}`, port }])
    const client = await connectClient(port)
    await until(() => client.text === '220 ready\r\n')
  })

  it('retires a Unix path and takes it up again', async () => {
    const path = join(temporaryDirectory(), 'in')
    const options = to(await startUpstream())
    const both = rigPolicy({ options, listens: { '127.0.0.1:0': {}, [path]: {} } })
    const one = rigPolicy({ options, listens: { '127.0.0.1:0': {} } })
    const rig = await startRig(both)
    await rig.gateway.reload(one)
    expect(existsSync(path)).toBe(false)
    await rig.gateway.reload(both)
    const client = await connectClient(path)
    await until(() => client.text === '220 ready\r\n')
  })

  it('applies Enable and File_Mode, and says that Listen_Backlog has to wait', async () => {
    const path = join(temporaryDirectory(), 'in')
    const options = to(await startUpstream())
    const policyWith = (fileMode: number, listenBacklog: number, enable: boolean) =>
      rigPolicy({
        options,
        listens: { [path]: { fileMode, listenBacklog }, '127.0.0.1:0': { enable } },
      })
    const rig = await startRig(policyWith(0o600, 500, false))
    await rig.gateway.reload(policyWith(0o640, 20, true))
    expect(statSync(path).mode & 0o777).toBe(0o640)
    expect(rig.gateway.bound()).toHaveLength(2)
    expect(rig.log.texts).toContain(
      `warn: listen backlog of ${path} takes effect at the next start`,
    )
    await rig.gateway.reload(policyWith(0o640, 500, false))
    expect(rig.gateway.bound()).toHaveLength(1)
  })

  it('in a burst ends with the last policy', async () => {
    const options = to(await startUpstream())
    const rig = await startRig(rigPolicy({ options, listens: { '127.0.0.1:0': {} } }))
    const names = ['127.0.0.2:0', '127.0.0.3:0', '127.0.0.4:0', '127.0.0.5:0']
    await Promise.all(
      names.map((name) => rig.gateway.reload(rigPolicy({ options, listens: { [name]: {} } }))),
    )
    expect(rig.gateway.bound().map((bound) => bound.listenId)).toEqual(['127.0.0.5:0'])
    expect(rig.engine.revision).toBe(5)
  })
})

describe('the end', () => {
  it('by drain takes nobody new and waits for the last session', async () => {
    const rig = await startRig(
      rigPolicy({ options: to(await startUpstream()), listens: { '127.0.0.1:0': {} } }),
    )
    const port = rig.port()
    const client = await connectClient(port)
    await until(() => client.text === '220 ready\r\n')
    let isDrained = false
    const drained = rig.gateway.drain().then(() => (isDrained = true))
    await expect(connectClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await pauseMs(50)
    expect(isDrained).toBe(false)
    await expect(rig.gateway.reload(rig.engine.policy)).rejects.toMatchObject({
      code: 'gateway.closing',
    })
    client.socket.end()
    await drained
    expect(rig.gateway.stats().sessionsActive).toBe(0)
  })

  it('freenginx case 32: by drain ends what is still relayed after its time, without a word', async () => {
    const { rig } = await setLoginScene({ options: { loginTimeout: { ms: 1500 } } })
    const relayed = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => /^a OK/m.test(relayed.text))
    const said = relayed.text
    const idle = await connectClient(rig.port())
    await until(() => idle.text !== '')
    const startedMs = performance.now()
    const drained = rig.gateway.drain({ relayMs: 300 })
    await until(() => relayed.hasEnded || relayed.hasClosed)
    expect(relayed.text).toBe(said)
    expect(performance.now() - startedMs).toBeGreaterThan(250)
    // It has not logged in: its own time limit ends it, and that is what the drain waits for.
    expect(idle.hasEnded || idle.hasClosed).toBe(false)
    await drained
    expect(idle.hasEnded || idle.hasClosed).toBe(true)
    expect(rig.log.texts).toContain('info: shutdown timeout while proxying')
    expect(rig.log.texts).toContain(
      'info: client timed out (110: Connection timed out) while in auth state',
    )
  })

  it('by drain without a time for relays lets them go on', async () => {
    const rig = await startRig(
      rigPolicy({ options: to(await startUpstream()), listens: { '127.0.0.1:0': {} } }),
    )
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 ready\r\n')
    const drained = rig.gateway.drain()
    await pauseMs(600)
    expect(client.hasEnded || client.hasClosed).toBe(false)
    client.socket.end()
    await drained
  })

  it('by close ends every session at once, and says so where no relay has begun', async () => {
    const upstream = await startUpstream()
    const rig = await startRig(
      rigPolicy({
        options: to(upstream),
        listens: { '127.0.0.1:0': {} },
        peers: { '127.0.0.0/8': {} },
      }),
    )
    const relayed = await connectClient(rig.port())
    await until(() => relayed.text === '220 ready\r\n')
    const closed = rig.gateway.close()
    await closed
    await until(() => relayed.hasEnded || relayed.hasClosed)
    expect(relayed.text).toBe('220 ready\r\n')
    expect(rig.engine.snapshot().sessionsActive).toBe(0)
    await rig.gateway.close()
  })

  it('by close in the middle of a reload leaves nothing bound', async () => {
    const port = await deadPort()
    const options = to(await startUpstream())
    const rig = await startRig(rigPolicy({ options, listens: { [`127.0.0.1:${port}`]: {} } }))
    const reloaded = rig.gateway.reload(rigPolicy({ options, listens: { [`*:${port}`]: {} } }))
    const outcome = reloaded.catch((error: unknown) => error)
    // Far enough for the old Listen to have made room, not far enough for the swap.
    await Promise.resolve()
    await rig.gateway.close()
    expect(await outcome).toMatchObject({ code: 'gateway.closing' })
    expect(rig.gateway.bound()).toEqual([])
    await expect(connectClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('by close says goodbye to a client that still waits for an upstream', async () => {
    const options = { upstream: [await blackHole()] }
    const rig = await startRig(rigPolicy({ options, listens: { '127.0.0.1:0': {} } }))
    const client = await connectClient(rig.port())
    await until(() => rig.gateway.stats().sessionsActive === 1)
    await rig.gateway.close()
    await until(() => client.hasEnded || client.hasClosed)
    expect(client.text).toBe('421 4.3.2 Service shutting down\r\n')
  })
})

describe('the audit', () => {
  it('runs every 10 s and finds the counts equal to the open sockets', async () => {
    const clock = new ManualClock()
    const upstream = await startUpstream()
    const rig = await startRig(
      rigPolicy({ options: to(upstream), listens: { '127.0.0.1:0': {} } }),
      clock,
    )
    const clients = [await connectClient(rig.port()), await connectClient(rig.port())]
    await until(() => clients.every((client) => client.received.length > 0))
    clock.advance(10_200)
    await until(() => rig.events.some((event) => event.kind === 'audited'))
    const [audited] = rig.events.filter((event) => event.kind === 'audited')
    expect(audited).toMatchObject({ report: { drift: 0, leakedIds: [], unknownIds: [] } })
  })
})

describe('a shortage of file descriptors', () => {
  it('is logged once a minute', () => {
    const clock = new ManualClock()
    const log = new RigLog()
    const watch = new DescriptorWatch(log, new TimerWheel(clock))
    const shortage = Object.assign(new Error('EMFILE'), { code: 'EMFILE', errno: -24 })
    watch.start(0)
    for (let second = 0; second < 130; second += 1) {
      watch.onDue(second * 1000)
      watch.report(shortage)
    }
    expect(log.texts).toEqual(
      Array.from(
        { length: 3 },
        () => 'crit: no free file descriptors (24: Too many open files), connections are dropped',
      ),
    )
  })
})
