// Many clients in the same instant against a cap that few of them fit, with every way of leaving.
// Three outside witnesses say that the cap held: the kernel's socket table, the mail server behind, and
// the clients themselves.

import { describe, expect, it, onTestFinished } from 'vitest'
import type { Client } from '../e2e/kit/client.ts'
import { Gate } from '../e2e/kit/gate.ts'
import { seededRandom } from '../e2e/kit/random.ts'
import type { Random } from '../e2e/kit/random.ts'
import { sleep, until } from '../e2e/kit/until.ts'
import { UpstreamWatch } from '../e2e/kit/witness.ts'

const cap = 7
const clientCount = 60
const storms = 20
/** How often one client comes back after a refusal, so that given-back slots are fought over. */
const comebacks = 3
const holdMaxMs = 30

/** Everyone in the storm, and the most of them that were greeted and had not left. */
class Crowd {
  readonly #live = new Set<Client>()
  highestCount = 0

  watch(client: Client): void {
    client.socket.on('data', () => {
      if (client.isLive) this.#live.add(client)
      this.highestCount = Math.max(this.highestCount, this.#live.size)
    })
    client.socket.on('close', () => this.#live.delete(client))
  }

  /** Forgets the client first: its slot is not free before it has begun to leave. */
  leave(client: Client, random: Random): void {
    this.#live.delete(client)
    random.pick([
      () => client.reset(),
      () => client.socket.end(),
      () => client.socket.destroy(),
      () => client.send('QUIT\r\n'),
    ])()
  }
}

/** One client's storm: comes, and when admitted stays a little and leaves; when refused comes again. */
async function weather(gate: Gate, crowd: Crowd, random: Random): Promise<void> {
  for (let visit = 0; visit <= comebacks; visit += 1) {
    const client = gate.connect('A@25')
    crowd.watch(client)
    if (random.below(6) === 0) {
      // Leaves before it can know its answer.
      await sleep(random.below(3))
      crowd.leave(client, random)
      client.socket.destroy()
      continue
    }
    if (!(await client.isAdmitted())) continue
    await sleep(random.below(holdMaxMs))
    crowd.leave(client, random)
    await client.over()
  }
}

describe('a storm of clients', () => {
  it('never gets more sessions than the cap, and leaves nothing behind', async () => {
    const gate = await Gate.start({ config: `E{SS=${cap} Listen ":25"{}}` })
    const random = seededRandom()
    const crowd = new Crowd()
    const watch = new UpstreamWatch({ pid: await gate.servingPid(), port: gate.upstream.port })
    onTestFinished(() => watch.stop())
    for (let storm = 0; storm < storms; storm += 1) {
      await Promise.all(Array.from({ length: clientCount }, () => weather(gate, crowd, random)))
      await gate.counts(0)
    }
    // One last crowd that stays: now the kernel must show the cap itself, or its witness is blind.
    const staying = Array.from({ length: clientCount }, () => gate.connect('A@25'))
    await Promise.all(staying.map((client) => client.isAdmitted()))
    await until('two looks at the full gate', () => watch.highestCount >= cap)
    for (const client of staying) client.reset()
    watch.stop()
    const highest = {
      kernel: watch.highestCount,
      upstream: gate.upstream.highestCount,
      clients: crowd.highestCount,
    }
    // The cap was reached, or the storms show nothing; and it was never passed.
    expect(highest).toEqual({ kernel: cap, upstream: cap, clients: cap })
    await gate.isEmpty()
    await gate.auditsClean()
    const { admittedTotal, refusedTotal } = await gate.status()
    // A client may vanish between its admission and its upstream's: then there is none.
    expect(admittedTotal).toBeGreaterThanOrEqual(gate.upstream.connections.length)
    expect(admittedTotal).toBeGreaterThanOrEqual(storms * cap)
    expect(refusedTotal).toBeGreaterThan(storms * (clientCount - cap - clientCount / 3))
  })

  it('admits exactly the cap when nobody leaves', async () => {
    const gate = await Gate.start({ config: `E{SS=${cap} Listen ":25"{}}` })
    for (let storm = 0; storm < storms; storm += 1) {
      const clients = Array.from({ length: clientCount }, () => gate.connect('A@25'))
      const answers = await Promise.all(clients.map((client) => client.isAdmitted()))
      expect(answers.filter(Boolean)).toHaveLength(cap)
      await gate.holds(cap)
      for (const client of clients) client.reset()
      await gate.counts(0)
    }
    await gate.isEmpty()
  })

  it('fills each block to its own cap and all of them to the ceiling', async () => {
    const gate = await Gate.start({
      config: `E{SS=9 Peer "127.1.0.0/16"{SS=6} Peer "127.2.0.0/16"{SS=5} Listen ":25"{}}`,
    })
    for (let storm = 0; storm < storms; storm += 1) {
      const places = ['127.1.0.1@25', '127.2.0.1@25']
      const clients = Array.from({ length: clientCount }, (_none, at) => {
        const place = places[at % places.length] ?? ''
        return { place, client: gate.connect(place) }
      })
      const answers = await Promise.all(clients.map(({ client }) => client.isAdmitted()))
      const admitted = clients.filter((_client, at) => answers[at] === true)
      expect(admitted).toHaveLength(9)
      const first = admitted.filter(({ place }) => place === places[0])
      expect(first.length).toBeGreaterThanOrEqual(4)
      expect(first.length).toBeLessThanOrEqual(6)
      for (const { client } of clients) client.reset()
      await gate.counts(0)
    }
    await gate.isEmpty()
  })
})
