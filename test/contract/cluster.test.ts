// The zone contract over ledgers in a real store, for one holder and for three at once; and what a
// ledger does when the store forgets, stalls or dies.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/engine/cluster/ledger.ts'
import type { ScriptStore } from '../../src/engine/cluster/script-store.ts'
import { startLedger, storeAt } from '../kit/ledger.ts'
import { haveRedis, RedisServer } from '../kit/redis.ts'
import { ClusterZones } from './cluster-zones.ts'
import { runZoneContract } from './zone-suite.ts'

const unboundedBecause = 'each node bounds the keys it counts in the zones of its own memory'

describe.skipIf(!haveRedis())('a cluster zone on redis-server', () => {
  let server: RedisServer
  const stores: ScriptStore[] = []
  let ledgers: readonly Ledger[] = []

  beforeAll(async () => {
    server = await RedisServer.start()
    stores.push(...[1, 2, 3].map(() => storeAt([{ kind: 'unix', path: server.path }])))
    ledgers = await Promise.all(
      stores.map((store, index) => startLedger({ store, node: `node${index + 1}` })),
    )
  })

  afterAll(async () => {
    await Promise.all(ledgers.map((ledger) => ledger.stop()))
    await Promise.all(stores.map((store) => store.close()))
    await server.stop()
  })

  runZoneContract({
    name: 'cluster-zone, one holder',
    open: () => new ClusterZones(ledgers.slice(0, 1), server.control),
    histories: 60,
    unboundedBecause,
  })

  runZoneContract({
    name: 'cluster-zone, three holders at once',
    open: () => new ClusterZones(ledgers, server.control),
    histories: 60,
    unboundedBecause,
  })

  it('leaves nothing in the store when all have left', async () => {
    await Promise.all(ledgers.map((ledger) => ledger.stop()))
    const left = await server.control.keys('*')
    expect(left).toEqual(['{test}:members'])
    expect(await server.control.pttl('{test}:members')).toBeGreaterThan(0)
  })
})
