// The same suite on other kinds of stores: a Redis Cluster of three masters, a store behind a
// sentinel after a failover, and one that wants TLS and a user with no more rights than needed.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { Cluster } from '../../src/engine/cluster/cluster.ts'
import type { ClusterReply } from '../../src/engine/cluster/cluster.ts'
import type { ClusterPart } from '../../src/engine/cluster/cluster-part.ts'
import type { Ledger } from '../../src/engine/cluster/ledger.ts'
import type { ScriptStore } from '../../src/engine/cluster/script-store.ts'
import { systemTimers } from '../../src/engine/cluster/timers.ts'
import type { Limit } from '../../src/policy/limit.ts'
import { ask, budget, startLedger, storeAt, untilCounting } from '../kit/ledger.ts'
import { limitOf } from '../kit/limit.ts'
import { Pki } from '../kit/pki.ts'
import { haveRedis, RedisServer } from '../kit/redis.ts'
import { ClusterZones } from './cluster-zones.ts'
import { runZoneContract } from './zone-suite.ts'

const unboundedBecause = 'each node bounds the keys it counts in the zones of its own memory'
const leaseMs = 1000
const histories = 20

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // of a TCP server that listens
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}

function tcp(port: number, isTls = false) {
  return { kind: 'tcp', host: '127.0.0.1', port, isTls } as const
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 30_000
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error('it never came to be')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const refused = { kind: 'refused' }

describe.skipIf(!haveRedis())('a Redis Cluster of three masters', () => {
  const servers: RedisServer[] = []
  const stores: ScriptStore[] = []
  let ports: readonly number[] = []
  let ledgers: readonly Ledger[] = []

  beforeAll(async () => {
    ports = await Promise.all([freePort(), freePort(), freePort()])
    const busPorts = await Promise.all(ports.map(() => freePort()))
    for (const [at, port] of ports.entries()) {
      const args = ['--cluster-enabled', 'yes', '--cluster-port', `${busPorts[at] ?? 0}`]
      servers.push(await RedisServer.start({ port, args }))
    }
    const [first] = servers
    if (first === undefined) throw new Error('no servers')
    for (const [at, { control }] of servers.entries()) {
      const [from, to] = [Math.ceil((16384 * at) / 3), Math.ceil((16384 * (at + 1)) / 3) - 1]
      await control.call('CLUSTER', ['ADDSLOTSRANGE', `${from}`, `${to}`])
      if (at === 0) continue
      const there = ['MEET', '127.0.0.1', `${ports[at] ?? 0}`, `${busPorts[at] ?? 0}`]
      await first.control.call('CLUSTER', there)
    }
    for (const { control } of servers) {
      await until(async () => String(await control.call('CLUSTER', ['INFO'])).includes('state:ok'))
    }
    ledgers = await Promise.all(
      [1, 2, 3].map((node) => startLedger({ store: newStore(), node: `n${node}`, leaseMs })),
    )
  })

  afterAll(async () => {
    await Promise.all(ledgers.map((ledger) => ledger.stop()))
    await Promise.all(stores.map((store) => store.close()))
    await Promise.all(servers.map((server) => server.stop()))
  })

  function newStore(): ScriptStore {
    const store = storeAt(
      ports.map((port) => tcp(port)),
      { kind: 'cluster', leaseMs },
    )
    stores.push(store)
    return store
  }

  runZoneContract({
    name: 'cluster-zone on a Redis Cluster, three holders at once',
    open: () => {
      // The suite looks into the store from outside: at the server that has the slot.
      const { control } = ownerOf('{test}') ?? {}
      if (control === undefined) throw new Error('nobody has the slot')
      return new ClusterZones(ledgers, control)
    },
    histories,
    unboundedBecause,
  })

  /** By what stands where: the members are written there. */
  function ownerOf(tag: string): RedisServer | undefined {
    return servers[Math.floor((slotOf(tag.slice(1, -1)) * 3) / 16384)]
  }

  it('counts each zone in a hash slot of its own, and never admits too many', async () => {
    const settings = {
      kind: 'cluster',
      servers: [],
      name: 'both',
      node: 'n',
      leaseMs,
      database: 0,
      tls: { isVerified: true },
    } as const
    const clusters = [1, 2].map(
      (worker) =>
        new Cluster(
          {
            store: newStore(),
            settings,
            holder: { node: 'n', worker, instance: randomBytes(4).toString('hex') },
            clock: systemClock,
            timers: systemTimers,
            newEpoch: () => randomBytes(8).toString('hex'),
            onEvent: () => {},
          },
          ['user', 'domain'],
        ),
    )
    await Promise.all(clusters.map((cluster) => cluster.joined()))
    await until(() =>
      clusters.every((cluster) =>
        cluster.view().ledgers.every(({ state }) => state === 'counting'),
      ),
    )
    const limits = (user: string): Limit[] =>
      [
        { zone: 'user', key: user, capMax: 3 },
        { zone: 'domain', key: 'x.org', capMax: 5 },
      ].map((text) => ({ ...limitOf(text), cluster: { whenAway: 'refuse' } }))
    const held: (readonly ClusterPart[])[][] = [[], []]
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, at) => {
        const cluster = clusters[at % 2]
        const parts = cluster?.partsOf(limits(`u${at % 4}`)) ?? []
        expect(parts).toHaveLength(2)
        return new Promise<ClusterReply>((resolve) => {
          cluster?.ask(parts, [], (reply) => {
            if (reply.kind === 'granted') held[at % 2]?.push(parts)
            resolve(reply)
            return true
          })
        })
      }),
    )
    expect(replies.filter(({ kind }) => kind === 'granted').length).toBeLessThanOrEqual(5)
    // Who was refused by the second zone holds nothing in the first.
    for (const [at, cluster] of clusters.entries()) {
      expect(cluster.driftFrom(held[at] ?? [])).toBe(0)
    }
    await Promise.all(clusters.map((cluster) => cluster.stop()))
  })
})

describe.skipIf(!haveRedis())('a store behind a sentinel', () => {
  const servers: RedisServer[] = []
  const stores: ScriptStore[] = []
  let ledgers: readonly Ledger[] = []
  let replica: RedisServer

  beforeAll(async () => {
    const [masterPort, replicaPort, sentinelPort] = [
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const fast = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']
    const master = await RedisServer.start({ port: masterPort, args: fast })
    const follows = ['--replicaof', `127.0.0.1 ${masterPort}`, ...fast]
    replica = await RedisServer.start({ port: replicaPort, args: follows })
    const sentinel = await RedisServer.start({
      port: sentinelPort,
      sentinel: [
        `sentinel monitor gate 127.0.0.1 ${masterPort} 1`,
        'sentinel down-after-milliseconds gate 500',
        'sentinel failover-timeout gate 3000',
      ],
    })
    servers.push(master, replica, sentinel)
    await until(async () => (await replica.control.info('replication')).includes('link_status:up'))
    await until(async () => {
      const known = await sentinel.control.call('SENTINEL', ['replicas', 'gate'])
      return Array.isArray(known) && known.length === 1
    })
    for (let node = 1; node <= 3; node += 1) {
      stores.push(storeAt([tcp(sentinelPort)], { kind: 'sentinel', sentinel: 'gate', leaseMs }))
    }
    ledgers = await Promise.all(
      stores.map((store, at) => startLedger({ store, node: `n${at}`, leaseMs })),
    )
  })

  afterAll(async () => {
    await Promise.all(ledgers.map((ledger) => ledger.stop()))
    await Promise.all(stores.map((store) => store.close()))
    await Promise.all(servers.map((server) => server.stop()))
  })

  it('is whole again after its master died, on the one that took its place', async () => {
    const [one, two, three] = ledgers
    if (one === undefined || two === undefined || three === undefined) throw new Error('no nodes')
    const bob = [budget('user/bob', 3)]
    for (const ledger of [one, two, three]) await ask(ledger, bob)
    await servers[0]?.kill()
    await until(() => ledgers.every((ledger) => ledger.lease.begunTotal > 1))
    await Promise.all(ledgers.map(untilCounting))
    expect(await two.look(['user/bob'])).toEqual([3])
    expect(await ask(three, bob)).toMatchObject(refused)
    for (const ledger of ledgers) ledger.give(['user/bob'])
    expect(await replica.connect()).toBe(true)
  })

  runZoneContract({
    name: 'cluster-zone behind a sentinel after a failover, three holders at once',
    open: () => new ClusterZones(ledgers, replica.control),
    histories,
    unboundedBecause,
  })
})

describe.skipIf(!haveRedis())('a store that wants TLS and a user', () => {
  it('takes a user with these rights, and shows no password when it is wrong', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'postern-store-'))
    const pki = new Pki(directory)
    pki.make('ca', { isAuthority: true })
    pki.make('store', { names: ['store.test'], issuer: 'ca' })
    const port = await freePort()
    const server = await RedisServer.start({
      args: [
        `--tls-port ${port} --tls-auth-clients no`,
        `--tls-cert-file ${pki.path('store.pem')} --tls-key-file ${pki.path('store.key')}`,
        `--tls-ca-cert-file ${pki.path('ca.pem')}`,
      ].flatMap((line) => line.split(' ')),
    })
    const rights =
      '+evalsha +eval +hget +hset +hsetnx +hkeys +hdel +hincrby +del +exists +pexpire +time +info +client|setname'
    const user = ['SETUSER', 'gate', 'on', '>s3cret', '~{test}*', ...rights.split(' ')]
    await server.control.call('ACL', user)
    const tls = { ca: Buffer.from(pki.text('ca.pem')), name: 'store.test', isVerified: true }
    const right = storeAt([tcp(port, true)], { user: 'gate', password: 's3cret', tls, leaseMs })
    const wrong = storeAt([tcp(port, true)], { user: 'gate', password: 'guess-9', tls, leaseMs })
    const ledger = await startLedger({ store: right, node: 'n', leaseMs })
    expect(await ask(ledger, [budget('user/bob', 1)])).toMatchObject({ kind: 'granted' })
    expect(await ask(ledger, [budget('user/bob', 1)])).toMatchObject(refused)
    let said = ''
    await until(async () => {
      const call = { script: 'leave-2', keys: ['{test}a', '{test}b'], args: ['a', 'b'] } as const
      said = await wrong.run(call).then(
        () => 'it was run',
        (error: unknown) => String(error),
      )
      return said.includes('WRONGPASS') || said === 'it was run'
    })
    expect(said).toContain('WRONGPASS')
    expect(said).not.toContain('guess-9')
    await ledger.stop()
    await Promise.all([right.close(), wrong.close(), server.stop()])
    rmSync(directory, { recursive: true })
  })
})

/** CRC16 of the XModem kind, as Redis Cluster hashes tags. */
function slotOf(tag: string): number {
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff
    }
  }
  return crc % 16384
}
