// One thread's part of the event streams: turns the engine's events into lines while somebody
// listens, and hands them on in batches. Nothing is done, and nothing kept, while nobody does.

import { unreachable } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import type { Engine } from '../../engine/engine.ts'
import { bodyOf, eventVersion, openBody } from '../../engine/event-view.ts'
import type { EventBody, OpenSession } from '../../engine/event-view.ts'
import type { EngineEvent } from '../../engine/events.ts'

/**
 * `trace`: every event, a refusal with the limit that decided; for recorders. `watch`: admissions and
 * refusals with all that was looked at, for eyes, and so many only.
 */
export const streamNames = ['trace', 'watch'] as const
export type StreamName = (typeof streamNames)[number]

/** What one thread has to say at one time. */
export interface EventBatch {
  readonly stream: StreamName
  readonly worker: number
  /** All events of this worker up to this place in the order have been handed on, or were lost. */
  readonly upTo: number
  /** Events that should be in this batch and are not, since there were too many. */
  readonly lostCount: number
  /** One `EventView` each, as JSON. */
  readonly events: readonly string[]
  /** Only for the subscription of this number: what was there when it began. */
  readonly subscription?: number
}

/** Where all threads draw the order of events from. */
export interface EventOrder {
  next(): number
  last(): number
}

export interface EventFeedOptions {
  readonly worker: number
  readonly clock: Clock
  readonly order: EventOrder
  readonly send: (batch: EventBatch) => void
}

/** So long an event waits for others; short enough for eyes. */
const flushEveryMs = 100
/**
 * Between two flushes. A trace is whole up to 200,000 events a second, more than a thread can
 * refuse. Eyes read no more than 2,500 a second, and writing a whole verdict costs a few
 * microseconds: 1 to 2 percent of a thread.
 */
const perFlushMax: Readonly<Record<StreamName, number>> = { trace: 20_000, watch: 250 }
/** Sessions told at the beginning, at a time: a few milliseconds of work. */
const openPerFlush = 2000

interface Stream {
  readonly name: StreamName
  events: string[]
  lostCount: number
}

/** What a subscription is still to be told about the sessions that it found open. */
interface Beginning {
  readonly subscription: number
  readonly order: number
  readonly atMs: number
  readonly open: readonly OpenSession[]
  toldCount: number
}

export class EventFeed {
  readonly #options: EventFeedOptions
  readonly #streams = new Map<StreamName, Stream>()
  readonly #beginnings: Beginning[] = []
  #engine: Engine | undefined
  #headers: ReadonlySet<string> = new Set()
  #timer: NodeJS.Timeout | undefined

  constructor(options: EventFeedOptions) {
    this.#options = options
  }

  /** Called once, before any stream is on. */
  follow(engine: Engine): void {
    this.#engine = engine
  }

  /** For `EngineOptions.nextOrder`. */
  nextOrder = (): number => (this.#timer === undefined ? 0 : this.#options.order.next())

  /** For `EngineOptions.onEvent`. */
  onEvent = (event: EngineEvent): void => {
    if (this.#timer === undefined) return
    if (event.kind === 'policy_replaced') this.#headers = headersOf(this.#engine)
    for (const stream of this.#streams.values()) this.#add(stream, event)
  }

  /** Streams that somebody listens to; all others are off. */
  set(names: readonly StreamName[]): void {
    for (const name of streamNames) {
      if (!names.includes(name)) this.#streams.delete(name)
      else if (!this.#streams.has(name)) this.#streams.set(name, { name, events: [], lostCount: 0 })
    }
    if (this.#streams.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      this.#beginnings.length = 0
    } else if (this.#timer === undefined) {
      this.#headers = headersOf(this.#engine)
      this.#timer = setInterval(this.#onFlush, flushEveryMs)
      this.#timer.unref()
    }
  }

  /** A subscription of the trace: tells it which sessions are open, then everything that happens. */
  begin(subscription: number): void {
    const { clock, order } = this.#options
    if (!this.#streams.has('trace') || this.#engine === undefined) return
    const nowMs = clock.monotonicMs()
    const open = Array.from(this.#engine.sessions(), (session) => ({
      session,
      facts: session.facts,
      isAwaitingAddress: session.isAwaitingAddress,
      ageMs: nowMs - session.openedMs,
    }))
    const beginning = { subscription, order: order.next(), atMs: this.#nowMs(), open, toldCount: 0 }
    this.#beginnings.push(beginning)
  }

  /** Hands on what there is, at once. */
  flush(): void {
    this.#onFlush()
  }

  #onFlush = (): void => {
    const told = this.#tellBeginnings()
    const { worker, order, send } = this.#options
    const last = order.last()
    for (const stream of this.#streams.values()) {
      const { name, events, lostCount } = stream
      stream.events = []
      stream.lostCount = 0
      // What a beginning still has to tell stands before all that happened since.
      const upTo = told ?? last
      send({ stream: name, worker, upTo, lostCount, events })
    }
  }

  /** Answers the place before the first beginning that is not told to its end. */
  #tellBeginnings(): number | undefined {
    const { worker, send } = this.#options
    for (const beginning of this.#beginnings) {
      const { subscription, order, atMs, open, toldCount } = beginning
      const part = open.slice(toldCount, toldCount + openPerFlush)
      beginning.toldCount += part.length
      const bodies = part.map((one) => openBody(one, this.#headers))
      const events = bodies.map((body) => this.#line(body, order, atMs))
      if (toldCount === 0) {
        const revision = this.#engine?.revision ?? 0
        events.unshift(this.#line({ event: 'began', revision }, order, atMs))
      }
      send({ stream: 'trace', worker, upTo: order - 1, lostCount: 0, events, subscription })
    }
    while (this.#beginnings[0]?.toldCount === this.#beginnings[0]?.open.length) {
      if (this.#beginnings.shift() === undefined) return undefined
    }
    return this.#beginnings.length === 0 ? undefined : (this.#beginnings[0]?.order ?? 0) - 1
  }

  #add(stream: Stream, event: EngineEvent): void {
    if (!isWanted(stream.name, event)) return
    if (stream.events.length >= perFlushMax[stream.name]) {
      stream.lostCount += 1
      return
    }
    const body = bodyOf(event, { headers: this.#headers, hasFindings: stream.name === 'watch' })
    const order = 'order' in event ? event.order : this.#options.order.last()
    stream.events.push(this.#line(body, order, this.#nowMs()))
  }

  #line(body: EventBody, order: number, atMs: number): string {
    const { worker } = this.#options
    return JSON.stringify({ v: eventVersion, order, atMs, worker, ...body })
  }

  /** Monotonic between two events of a thread only as far as the clock is. */
  #nowMs(): number {
    return Math.round(this.#options.clock.wallMs())
  }
}

function isWanted(stream: StreamName, event: EngineEvent): boolean {
  switch (stream) {
    case 'trace':
      // What a dry run found follows from the trace; an audit says nothing about a session.
      return event.kind !== 'audited' && event.kind !== 'dry_run_exceeded'
    case 'watch':
      return true
    default:
      return unreachable(stream)
  }
}

/** Headers that zones count by; no other header of an auth server leaves the gate. */
function headersOf(engine: Engine | undefined): ReadonlySet<string> {
  const zones = engine?.policy.zones ?? []
  const names = zones.flatMap(({ key }) =>
    key.variables.flatMap((variable) => (variable.kind === 'auth_http' ? [variable.name] : [])),
  )
  return new Set(names)
}

/** The order of events where one thread counts alone. */
export function ownOrder(): EventOrder {
  let last = 0
  return {
    next: () => {
      last += 1
      return last
    },
    last: () => last,
  }
}

/** The order of events of threads that count together; `memory` is from `orderMemory`. */
export function sharedOrder(memory: BigInt64Array): EventOrder {
  return {
    next: () => Number(Atomics.add(memory, 0, 1n)) + 1,
    last: () => Number(Atomics.load(memory, 0)),
  }
}

export function orderMemory(): BigInt64Array {
  return new BigInt64Array(new SharedArrayBuffer(8))
}
