// Who listens to the events, on the side of the daemon: passes each batch on to those it is for.

import type { EventBatch, StreamName } from './event-feed.ts'

/** Called with every batch; must not throw, and must not wait. */
export type EventListener = (batch: EventBatch) => void

/** One subscription, as the threads are told about it. */
export interface Subscription {
  readonly number: number
  readonly stream: StreamName
}

export class Subscribers {
  readonly #subscribers = new Map<number, Subscription & { readonly listener: EventListener }>()
  #last = 0

  add(stream: StreamName, listener: EventListener): Subscription {
    this.#last += 1
    const subscription = { number: this.#last, stream }
    this.#subscribers.set(this.#last, { ...subscription, listener })
    return subscription
  }

  remove({ number }: Subscription): void {
    this.#subscribers.delete(number)
  }

  /** Streams that anybody listens to. */
  streams(): readonly StreamName[] {
    return [...new Set(Array.from(this.#subscribers.values(), ({ stream }) => stream))]
  }

  /** Those who want to know what is there when they begin. */
  traces(): readonly number[] {
    const all = [...this.#subscribers.values()]
    return all.flatMap(({ stream, number }) => (stream === 'trace' ? [number] : []))
  }

  publish(batch: EventBatch): void {
    for (const { number, stream, listener } of this.#subscribers.values()) {
      if (stream !== batch.stream) continue
      if (batch.subscription !== undefined && batch.subscription !== number) continue
      listener(batch)
    }
  }
}
