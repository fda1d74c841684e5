// Events over the control socket: one JSON object per line, until the other side closes.

import type { Socket } from 'node:net'
import { eventVersion } from '../engine/event-view.ts'
import type { EventsReport, SyncLine } from './control-protocol.ts'
import type { EventBatch, StreamName } from './feed/event-feed.ts'
import type { Plane } from './plane.ts'

export interface EventSource {
  readonly plane: Pick<Plane, 'subscribe'>
  readonly workers: number
}

/**
 * A reader may fall so far behind: some 50,000 events, or two seconds of a flood. What comes on top
 * is lost, and it is told how many.
 */
const unreadBytesMax = 8 * 1024 * 1024

/** Answers how to end it. */
export function streamEvents(
  socket: Socket,
  stream: StreamName,
  { plane, workers }: EventSource,
): () => void {
  const result: EventsReport = { stream, version: eventVersion, workers }
  socket.write(`${JSON.stringify({ ok: true, result })}\n`)
  let lostCount = 0
  const onBatch = (batch: EventBatch): void => {
    if (socket.writableLength > unreadBytesMax) {
      lostCount += batch.lostCount + batch.events.length
      return
    }
    const { worker, upTo, events } = batch
    const sync: SyncLine = { event: 'sync', worker, upTo, lost: lostCount + batch.lostCount }
    lostCount = 0
    socket.write(`${[...events, JSON.stringify(sync)].join('\n')}\n`)
  }
  return plane.subscribe(onBatch, stream)
}
