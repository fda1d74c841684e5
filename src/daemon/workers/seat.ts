// The place of one worker in its host: the thread that has it now, and its successors.

import { getHeapStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { Tally } from '../../base/tally.ts'
import type { EventBatch } from '../feed/event-feed.ts'
import { LimitCounts } from '../../engine/limit-counts.ts'
import { GatewayMeters } from '../../gateway/meters.ts'
import type { LimitRows } from '../../engine/limit-counts.ts'
import type { FromWorker, ToWorker, WorkerOrder, WorkerStart } from './messages.ts'
import { heartbeatMemory, HeartbeatWatch } from './heartbeat.ts'
import { Orders } from './orders.ts'

export interface SeatHandlers {
  /** It can swap policies as soon as the others can. */
  readonly onPrepared: (seat: Seat) => void
  readonly onEvents: (batch: EventBatch) => void
  /** The thread has ended, and with it every socket it had. */
  readonly onEnded: (seat: Seat, why: string) => void
}

const bytesPerMebibyte = 1024 * 1024

/** What a place gives to each thread that takes it. */
type OwnOfSeat = 'worker' | 'tally' | 'heartbeat' | 'limitIds' | 'limitCounts' | 'meters'

export class Seat {
  /** From 1. */
  readonly worker: number
  readonly #handlers: SeatHandlers
  readonly #tallyMemory = Tally.memory()
  /** What all threads that had this place did. */
  readonly tally: Tally = new Tally(this.#tallyMemory)
  readonly #heartbeat = heartbeatMemory()
  readonly #watch = new HeartbeatWatch(this.#heartbeat)
  readonly #limitMemory = LimitCounts.memory()
  readonly limitCounts: LimitCounts
  readonly #meterMemory = GatewayMeters.memory()
  readonly meters: GatewayMeters = new GatewayMeters(this.#meterMemory)
  #thread: Worker | undefined
  #orders = new Orders()
  /** It has opened every Listen, and not ended since. */
  isRunning = false
  /** Deaths in a row, for the back-off. */
  failureCount = 0
  openedMs = 0

  constructor(worker: number, limitRows: LimitRows, handlers: SeatHandlers) {
    this.worker = worker
    this.limitCounts = new LimitCounts(limitRows, this.#limitMemory)
    this.#handlers = handlers
  }

  get isTaken(): boolean {
    return this.#thread !== undefined
  }

  /** Starts a thread in this place; it waits for orders. */
  take(start: Omit<WorkerStart, OwnOfSeat>): void {
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
    const thread = new Worker(new URL(`worker-main${extension}`, import.meta.url), {
      workerData: {
        ...start,
        worker: this.worker,
        tally: this.#tallyMemory,
        heartbeat: this.#heartbeat,
        limitIds: this.limitCounts.rows.ids,
        limitCounts: this.#limitMemory,
        meters: this.#meterMemory,
      },
      name: `worker ${this.worker}`,
      // The limit of a whole process, but for each: a thread that reaches it dies alone. Without one of
      // its own the process would die.
      resourceLimits: {
        maxOldGenerationSizeMb: Math.floor(getHeapStatistics().heap_size_limit / bytesPerMebibyte),
      },
    })
    const orders = new Orders()
    let defect: Error | undefined
    thread.on('message', (message: FromWorker) => {
      if (message.kind === 'prepared') this.#handlers.onPrepared(this)
      else if (message.kind === 'events') this.#handlers.onEvents(message.batch)
      else orders.settle(message)
    })
    thread.on('error', (error: Error) => {
      defect = error
    })
    thread.on('exit', (code) => {
      this.#thread = undefined
      this.isRunning = false
      const why = defect === undefined ? `exited with code ${code}` : `ended: ${defect.message}`
      orders.lose(new Error(`worker ${this.worker} ${why}`))
      this.#handlers.onEnded(this, why)
    })
    this.#thread = thread
    this.#orders = orders
  }

  order(order: WorkerOrder): Promise<unknown> {
    return this.#orders.give((number) => this.tell({ kind: 'order', number, order }))
  }

  tell(message: ToWorker): void {
    this.#thread?.postMessage(message)
  }

  /** To be asked once for each heartbeat: it serves, and has not had a turn for long. */
  hangs(): boolean {
    if (this.isRunning) return this.#watch.look()
    this.#watch.reset()
    return false
  }

  /** Ends the thread wherever it is. */
  async end(): Promise<void> {
    await this.#thread?.terminate()
  }
}
