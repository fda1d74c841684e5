// Limits per user over several gates: one whose gate died is let in within a lease, however often he
// tries meanwhile; one whose session is long stays counted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../e2e/kit/client.ts'
import { NginxGate } from '../e2e/kit/nginx-gate.ts'
import { sleep, until } from '../e2e/kit/until.ts'
import { haveRedis, RedisServer } from '../kit/redis.ts'

const leaseMs = 1000
const cap = 3
const backWithinMs = leaseMs + 4000

/** One more session of a user, if it fits. */
async function letIn(gate: NginxGate, user: string): Promise<Client | false> {
  const client = await gate.tries('imap', user)
  await until(
    () => `an answer for ${client.describe()}`,
    () => /^t1 .*\r\n/m.test(client.text),
  )
  return client.text.includes('t1 OK') && client
}

/** Tries until it fits: on a busy machine the store may be away for a moment. */
function admits(gate: NginxGate, user: string): Promise<Client> {
  return until(`admission of ${user}`, () => letIn(gate, user))
}

describe.skipIf(!haveRedis())('two gates that count users as one', () => {
  let redis: RedisServer
  let gates: readonly [NginxGate, NginxGate]

  const startGate = (node: string): Promise<NginxGate> =>
    NginxGate.startForMany({
      main: `cluster unix:${redis.path} node=${node} lease=${leaseMs}ms when_away=refuse;`,
      mail: `limit_conn_zone $remote_user zone=users:1m cluster; limit_conn users ${cap};`,
    })

  beforeAll(async () => {
    redis = await RedisServer.start()
    gates = [await startGate('one'), await startGate('two')]
  })

  afterAll(async () => {
    await Promise.all(gates.map((gate) => gate.stop()))
    await redis.stop()
  })

  it('let one in whose gate died, and count one whose sessions are long', async () => {
    const [one, two] = gates
    const startMs = performance.now()
    const long = [await admits(one, 'ann'), await admits(one, 'ann'), await admits(two, 'ann')]
    for (const gate of gates) await gate.refuses('imap', 'ann')
    for (let time = 0; time < cap; time += 1) await admits(two, 'bob')
    await one.refuses('imap', 'bob')

    const killedMs = performance.now()
    two.signal('SIGKILL')
    await two.ended()
    // He tries without a pause all the while.
    await admits(one, 'bob')
    expect(performance.now() - killedMs).toBeLessThan(backWithinMs)
    await two.killAndRestart()
    // The session of ann at the gate that died is free, too, and hers again.
    await admits(two, 'ann')

    await sleep(Math.max(0, startMs + 10 * leaseMs - performance.now()))
    for (const gate of gates) await gate.refuses('pop3', 'ann')
    expect(long.slice(0, 2).map((client) => client.isClosed)).toEqual([false, false])
  })
})
