// Three processes with a ledger each in one store: clients that arrive at all of them in the same
// instant get exactly the cap, round after round (SEMANTICS S5, S17).

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { haveRedis, RedisServer } from '../kit/redis.ts'
import type { ProcessOrder, RaceAnswer } from './ledger-process.ts'

const processCount = 3
const rounds = 200

async function tell(child: ChildProcess, order: ProcessOrder): Promise<unknown> {
  const answered = once(child, 'message')
  child.send(order)
  const [answer] = await answered
  return answer
}

describe.skipIf(!haveRedis())('ledgers of three processes', () => {
  let server: RedisServer
  let children: readonly ChildProcess[] = []

  beforeAll(async () => {
    server = await RedisServer.start()
    const file = fileURLToPath(new URL('ledger-process.ts', import.meta.url))
    children = Array.from({ length: processCount }, (_, index) =>
      fork(file, [server.path, `node${index + 1}`], { execArgv: ['--import', 'tsx'] }),
    )
    await Promise.all(children.map((child) => once(child, 'message')))
  }, 60_000)

  afterAll(async () => {
    for (const child of children) if (child.connected) child.send('stop')
    await Promise.all(children.map(async (child) => child.exitCode ?? once(child, 'exit')))
    await server.stop()
  })

  it(`admit exactly 3 of 12, ${rounds} times`, async () => {
    const held: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      // The same budget again and again: what the round before gave back must be there.
      const order = { field: 'zone\tbob', capMax: 3, arriving: 4 }
      const answers = await Promise.all(children.map((child) => tell(child, order)))
      const results = answers as readonly RaceAnswer[] // what an order is answered with
      const sum = results.reduce((total, result) => total + result.held, 0)
      expect(sum).toBeLessThanOrEqual(3)
      // A process that a busy machine held up took the store for away: nobody knew there.
      if (results.every(({ away }) => away === 0)) held.push(sum)
      await Promise.all(children.map((child) => tell(child, 'give')))
    }
    expect(held.length).toBeGreaterThan(rounds / 2)
    expect(new Set(held)).toEqual(new Set([3]))
  })
})
