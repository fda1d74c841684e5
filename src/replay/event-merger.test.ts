// Events of several workers come out in the one order in which they were decided.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventView } from '../engine/event-view.ts'
import { EventMerger } from './event-merger.ts'

function event(worker: number, order: number, kind = 'closed'): EventView {
  const who = { session: order, listen: '*:25', client: '192.0.2.1', lengthMs: 0, revision: 1 }
  // As the daemon would write it; the merger looks at no other field.
  return { v: 1, order, atMs: 0, worker, event: kind, ...who } as EventView
}

describe('merging', () => {
  it('waits for every worker, and passes on all of it in order, however batches come', () => {
    const owners = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 60 })
    const turns = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 60 })
    fc.assert(
      fc.property(owners, turns, (owner, turn) => {
        const seen: number[] = []
        const merger = new EventMerger(3, ({ order }) => seen.push(order))
        for (const worker of [1, 2, 3]) merger.event(event(worker, worker, 'began'))
        const queues = [1, 2, 3].map((worker) =>
          owner.flatMap((one, at) => (one === worker ? [event(worker, at + 4)] : [])),
        )
        const last = owner.length + 3
        for (const worker of [...turn, 1, 2, 3]) {
          const queue = queues[worker - 1] ?? []
          for (const one of queue.splice(0)) merger.event(one)
          merger.progress({ worker, upTo: last })
        }
        expect(seen).toEqual(Array.from({ length: last }, (_, at) => at + 1))
      }),
    )
  })

  it('does not wait for a worker that is gone, and begins anew when all are', () => {
    const seen: string[] = []
    const merger = new EventMerger(2, ({ event: kind, order }) => seen.push(`${kind} ${order}`))
    merger.event(event(1, 1, 'began'))
    merger.event(event(2, 2, 'began'))
    merger.progress({ worker: 1, upTo: 2 })
    expect([merger.isBegun, seen]).toEqual([false, []])
    merger.progress({ worker: 2, upTo: 2 })
    expect(merger.isBegun).toBe(true)
    merger.event(event(1, 4))
    merger.event(event(2, 3, 'worker_lost'))
    merger.progress({ worker: 1, upTo: 4 })
    merger.event(event(0, 0, 'all_lost'))
    expect(merger.isBegun).toBe(false)
    expect(seen).toEqual(['began 1', 'began 2', 'worker_lost 3', 'closed 4', 'all_lost 0'])
  })
})
