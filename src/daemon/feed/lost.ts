// What is said when whoever had sessions is gone, and what a full pipe did not take.

import { eventVersion } from '../../engine/event-view.ts'
import type { EventView } from '../../engine/event-view.ts'
import type { EventBatch, StreamName } from './event-feed.ts'

/** A batch that says that a worker's sessions are gone; without a worker, that all are. */
export function lostBatch(
  stream: StreamName,
  { worker, order }: { readonly worker?: number; readonly order: number },
): EventBatch {
  const stamp = { v: eventVersion, order, atMs: Date.now(), worker: worker ?? 0 } as const
  const view: EventView = { ...stamp, event: worker === undefined ? 'all_lost' : 'worker_lost' }
  return { stream, worker: 0, upTo: 0, lostCount: 0, events: [JSON.stringify(view)] }
}

/** Batches on their way to a process that does not take them: 64 of at most 20,000 lines. */
const onTheWayMax = 64

/** Passes batches on while the other side takes them; what it does not take is counted. */
export class BatchPipe {
  #onTheWayCount = 0
  readonly #send: (batch: EventBatch, onTaken: () => void) => void
  readonly #lostCounts = new Map<StreamName, number>()

  constructor(send: (batch: EventBatch, onTaken: () => void) => void) {
    this.#send = send
  }

  pass(batch: EventBatch): void {
    const { stream } = batch
    const lostCount = batch.lostCount + (this.#lostCounts.get(stream) ?? 0)
    if (this.#onTheWayCount >= onTheWayMax) {
      this.#lostCounts.set(stream, lostCount + batch.events.length)
      return
    }
    this.#lostCounts.delete(stream)
    this.#onTheWayCount += 1
    this.#send({ ...batch, lostCount }, () => {
      this.#onTheWayCount -= 1
    })
  }
}
