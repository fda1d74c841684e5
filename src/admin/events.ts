// Events as they happen, to whoever reads them: bounded for each reader, and for all of them.

import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { problemResponse } from './problem.ts'
import type { AdminView, EventsBatch } from './view.ts'

/** A browser opens one for each tab; ten operators have more than one. */
const readersMax = 16
/** Batches, of 250 events at most, that a reader has not taken yet: some seconds of a flood. */
const unreadMax = 20
/** A reader without anything to read is told so, so that both sides notice when the other is gone. */
const silenceMs = 15_000
/** In all that time nothing was taken, not even what stood in the kernel: it does not read. */
const stalledMs = 30_000

export class EventReaders {
  readonly #view: Pick<AdminView, 'subscribe'>
  readonly #open = new Set<() => void>()

  constructor(view: Pick<AdminView, 'subscribe'>) {
    this.#view = view
  }

  /** One more reader; its answer ends when it goes, when it does not read, and when all end. */
  answer(c: Context): Response {
    if (this.#open.size >= readersMax) {
      return problemResponse({
        status: 503,
        code: 'too_many_readers',
        message: `${readersMax} readers of events are all that there may be.`,
        headers: { 'Retry-After': '10' },
      })
    }
    const queue = new EventQueue()
    const end = (): void => queue.end()
    const unsubscribe = this.#view.subscribe((batch) => queue.add(batch))
    this.#open.add(end)
    const leave = (): void => {
      queue.end()
      unsubscribe()
      this.#open.delete(end)
    }
    const response = streamSSE(c, async (stream) => {
      stream.onAbort(leave)
      try {
        await stream.writeSSE({ event: 'hello', data: '{}', retry: 2000 })
        for await (const { event, data } of queue.lines()) {
          if (!(await isTaken(stream.writeSSE({ event, data })))) break
        }
      } finally {
        leave()
      }
    })
    response.headers.set('Cache-Control', 'no-store')
    response.headers.set('X-Accel-Buffering', 'no')
    return response
  }

  /** Ends every answer: the server closes. */
  close(): void {
    for (const end of this.#open) end()
  }
}

async function isTaken(written: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const stalled = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), stalledMs)
  })
  const taken = await Promise.race([written.then(() => true), stalled])
  clearTimeout(timer)
  return taken
}

interface Line {
  readonly event: string
  readonly data: string
}

/** What one reader has not taken yet. */
class EventQueue {
  readonly #batches: EventsBatch[] = []
  #lostCount = 0
  #isEnded = false
  #wake: () => void = () => {}

  add(batch: EventsBatch): void {
    if (this.#batches.length >= unreadMax) {
      this.#lostCount += batch.lostCount + batch.events.length
      return
    }
    if (batch.events.length === 0 && batch.lostCount === 0) return
    this.#batches.push(batch)
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  async *lines(): AsyncIterable<Line> {
    while (!this.#isEnded) {
      const batch = this.#batches.shift()
      if (batch === undefined) {
        if (!(await this.#more())) yield { event: 'idle', data: '{}' }
        continue
      }
      const lostCount = this.#lostCount + batch.lostCount
      this.#lostCount = 0
      if (lostCount > 0) yield { event: 'lost', data: JSON.stringify({ lostCount }) }
      for (const data of batch.events) yield { event: nameOf(data), data }
    }
  }

  /** False: nothing has come for a while. */
  #more(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), silenceMs)
      timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }
}

/** The name stands in every event; a reader may listen to one kind. */
function nameOf(data: string): string {
  return /"event":"([a-z_]+)"/.exec(data)?.[1] ?? 'message'
}
