// shared-zone from several threads: the zone contract with every call in another thread, threads
// that race for the same slots, and threads that die (SEMANTICS S5, S17, S20).

import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSharedMemory } from '../../src/engine/shared-layout.ts'
import type { SharedZoneMemory } from '../../src/engine/shared-layout.ts'
import { releaseDeadWorker } from '../../src/engine/shared-repair.ts'
import { SharedZone } from '../../src/engine/shared-zone.ts'
import { startWorker } from '../kit/worker.ts'
import { runZoneContract } from './zone-suite.ts'
import type { BudgetRequest, OpenZones, Outcome, ZoneSpec } from './zone-suite.ts'
import type { ThreadAnswer, ThreadOrder } from './zone-thread.ts'

const threadCount = 3
/** The main thread looks on through a ledger of its own, which stays empty. */
const workerCount = threadCount + 1

class Thread {
  readonly worker: Worker
  readonly number: number

  constructor(number: number) {
    this.number = number
    this.worker = startWorker(new URL('zone-thread.ts', import.meta.url), number)
  }

  /** Rejects when the thread fails. */
  async ask(order: ThreadOrder): Promise<ThreadAnswer> {
    const answered = once(this.worker, 'message') as Promise<[ThreadAnswer]>
    this.worker.postMessage(order)
    const [answer] = await answered
    return answer
  }
}

let threads: Thread[] = []

beforeAll(() => {
  threads = Array.from({ length: threadCount }, (_, index) => new Thread(index + 1))
})

afterAll(async () => {
  await Promise.all(threads.map(({ worker }) => worker.terminate()))
})

function zonesFor(specs: readonly ZoneSpec[]): SharedZoneMemory[] {
  return specs.map(({ name, sizeBytes = 64 * 1024 }) =>
    createSharedMemory({ name, sizeBytes, workerCount }),
  )
}

/** Every call goes to the next thread; a holder goes back to the thread that has it. */
class ThreadedZones implements OpenZones {
  readonly #zones: ReadonlyMap<string, SharedZone>
  #turn = 0

  private constructor(zones: readonly SharedZone[]) {
    this.#zones = new Map(zones.map((zone) => [zone.name, zone]))
  }

  static async open(specs: readonly ZoneSpec[]): Promise<ThreadedZones> {
    const zones = zonesFor(specs)
    await Promise.all(threads.map((thread) => thread.ask({ order: 'open', zones })))
    return new ThreadedZones(zones.map((zone) => new SharedZone(zone, workerCount)))
  }

  async acquire(requests: readonly BudgetRequest[]): Promise<Outcome> {
    const thread = this.#next()
    return outcome(thread, await thread.ask({ order: 'acquire', requests }))
  }

  async exchange(holder: unknown, requests: readonly BudgetRequest[]): Promise<Outcome> {
    const { thread, number } = holder as Holder
    return outcome(thread, await thread.ask({ order: 'acquire', requests, holder: number }))
  }

  async release(holder: unknown): Promise<void> {
    const { thread, number } = holder as Holder
    await thread.ask({ order: 'release', holder: number })
  }

  async usedCount(zone: string, key: string): Promise<number> {
    return (await this.#next().ask({ order: 'peek', zone, key })).usedCount ?? Number.NaN
  }

  statesUsed(zone: string): number {
    return this.#zones.get(zone)?.usage().statesUsed ?? Number.NaN
  }

  close(): void {
    for (const zone of this.#zones.values()) {
      if (zone.imbalance() !== 0) throw new Error(`zone ${zone.name} lost its balance`)
    }
  }

  #next(): Thread {
    this.#turn += 1
    const thread = threads[this.#turn % threads.length]
    if (thread === undefined) throw new Error('no threads')
    return thread
  }
}

interface Holder {
  readonly thread: Thread
  readonly number: number
}

function outcome(thread: Thread, answer: ThreadAnswer): Outcome {
  const { holder, usedCounts = [], ...rest } = answer
  if (holder === undefined) return { ...rest, usedCounts }
  return { usedCounts, holder: { thread, number: holder } satisfies Holder }
}

runZoneContract({
  name: `shared-zone, ${threadCount} threads`,
  open: (specs) => ThreadedZones.open(specs),
  histories: 1000,
})

describe('threads that race for the slots of a shared zone', () => {
  it('never hold more than the cap together, and leave nothing behind', async () => {
    const zones = zonesFor([{ name: 'user', sizeBytes: 64 * 64 }, { name: 'domain' }])
    await Promise.all(threads.map((thread) => thread.ask({ order: 'open', zones })))
    const inside = new Int32Array(new SharedArrayBuffer(4 * 12))
    const answers = await Promise.all(
      threads.map((thread) =>
        thread.ask({ order: 'hammer', cap: 3, rounds: 50_000, inside, seed: thread.number }),
      ),
    )
    expect(answers.map(({ violations }) => violations)).toEqual(threads.map(() => 0))
    for (const { admitted } of answers) expect(admitted).toBeGreaterThan(1000)
    for (const memory of zones) {
      const zone = new SharedZone(memory, workerCount)
      expect(zone.imbalance()).toBe(0)
      expect(zone.usage()).toMatchObject({ statesUsed: 0, bytesUsed: 0 })
    }
  })

  it(
    'lose a member at any instant, and only its slots come back',
    { timeout: 300_000 },
    async () => {
      const zones = zonesFor([{ name: 'user', sizeBytes: 64 * 256 }, { name: 'domain' }])
      const [survivor] = threads
      if (survivor === undefined) throw new Error('no threads')
      await survivor.ask({ order: 'open', zones })
      const looking = zones.map((memory) => new SharedZone(memory, workerCount))
      const [user, domain] = looking
      if (user === undefined || domain === undefined) throw new Error('no zones')
      const longKey = 'l'.repeat(200)
      const kept: BudgetRequest[] = ['key 1', longKey].map((key) => ({ zone: 'user', key }))
      await survivor.ask({ order: 'acquire', requests: [...kept, { zone: 'domain', key: 'd' }] })
      for (let death = 0; death < 12; death += 1) {
        const victim = new Thread(2)
        await victim.ask({ order: 'open', zones })
        const inside = new Int32Array(new SharedArrayBuffer(4 * 12))
        // No end to it: it dies in the midst of its work, wherever that is.
        victim.worker.postMessage({ order: 'hammer', cap: 3, rounds: 1e9, inside, seed: death + 1 })
        await until(() => domain.peek('everybody') > 0)
        await victim.worker.terminate()
        for (const memory of zones) expect(releaseDeadWorker(memory, 2)).toBe(true)
        const left = new Map(Array.from(user.states(), ({ key, usedCount }) => [key, usedCount]))
        expect(left).toEqual(
          new Map([
            ['key 1', 1],
            [longKey, 1],
          ]),
        )
        expect([...domain.states()]).toEqual([{ key: 'd', usedCount: 1 }])
        expect(user.usage()).toMatchObject({ statesUsed: 2, bytesUsed: 64 + 256 })
        expect(user.imbalance() + domain.imbalance()).toBe(0)
      }
      // What was repaired still serves.
      const inside = new Int32Array(new SharedArrayBuffer(4 * 12))
      const order = { order: 'hammer', cap: 3, rounds: 10_000, inside, seed: 7 } as const
      expect((await survivor.ask(order)).violations).toBe(0)
    },
  )
})

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1))
}
