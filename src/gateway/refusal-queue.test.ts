import { describe, expect, it } from 'vitest'
import { rigPolicy } from '../../test/kit/gateway-rig.ts'
import { PlanTable } from '../policy/plan-table.ts'
import type { AcceptedHandle } from './flood-lane.ts'
import { RefusalQueue } from './refusal-queue.ts'

const policy = rigPolicy({ listens: { '127.0.0.1:0': {} } })
const plan = new PlanTable(policy, (made) => made).get('127.0.0.1:0', undefined)

interface Rig {
  readonly queue: RefusalQueue
  /** Numbers of the clients refused so far, in their order. */
  readonly refused: number[]
  /** As many clients come in this turn of the event loop. */
  readonly come: (count: number) => void
}

function startRig(): Rig {
  const refused: number[] = []
  const numbers = new Map<AcceptedHandle, number>()
  const queue = new RefusalQueue((client) => refused.push(numbers.get(client) ?? -1))
  return {
    queue,
    refused,
    come(count) {
      for (let left = count; left > 0; left -= 1) {
        const client: AcceptedHandle = { writeBuffer: () => 0, close: () => {} }
        numbers.set(client, numbers.size + 1)
        queue.put(client, plan)
      }
    },
  }
}

/** The end of a turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, at) => at + 1)
}

describe('the queue of refusals', () => {
  it('refuses nobody in a turn that brought somebody', async () => {
    const { refused, come } = startRig()
    for (let turns = 0; turns < 5; turns += 1) {
      come(1)
      await turn()
    }
    expect(refused).toEqual([])
  })

  it('refuses all who came, in their order, once nobody comes any more', async () => {
    const { queue, refused, come } = startRig()
    come(3)
    await turn()
    await turn()
    expect(refused).toEqual(upTo(3))
    expect(queue.waitingCount).toBe(0)
  })

  it('looks for newcomers after every four refusals', async () => {
    const { refused, come } = startRig()
    come(40)
    await turn()
    await turn()
    expect(refused).toEqual(upTo(4))
    come(1)
    await turn()
    expect(refused).toEqual(upTo(4))
    await turn()
    expect(refused).toEqual(upTo(8))
  })

  it('refuses the first at once for whoever comes when 256 wait', () => {
    const { queue, refused, come } = startRig()
    come(256)
    expect(refused).toEqual([])
    come(2)
    expect(refused).toEqual([1, 2])
    expect(queue.waitingCount).toBe(256)
  })

  it('refuses all that wait when the gateway closes', () => {
    const { queue, refused, come } = startRig()
    come(50)
    queue.flush()
    expect(refused).toEqual(upTo(50))
    expect(queue.waitingCount).toBe(0)
  })
})
