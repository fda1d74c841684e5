// limit_rate: keeps back what a client would get faster than its rate, and wakes up for the rest.

import { LeakyBucket } from '../base/leaky-bucket.ts'
import type { Rate } from '../base/leaky-bucket.ts'
import { Deadline } from '../base/timer-wheel.ts'
import type { Waiting } from '../base/timer-wheel.ts'
import type { Settings } from '../policy/plan.ts'
import { lingerClient } from './closing.ts'
import type { SessionSocket } from './session-socket.ts'
import type { Session } from './session.ts'

// Two ticks of the wheel: a quarter of the rate goes each time, so that even a slow rate flows and
// a fast one costs four wake-ups a second.
const stepMs = 250

/** The rate at which a session's client is sent to; undefined, as for nearly all: no limit. */
export function rateOf({ limitRate, limitRateAfter }: Settings): Rate | undefined {
  const { bytesPerSecond } = limitRate.value
  if (bytesPerSecond === undefined) return undefined
  return { bytesPerSecond, freeBytes: limitRateAfter.value }
}

/**
 * The way to one client. While it keeps bytes back its upstream is not read from, so what it keeps
 * is what one chunk of the upstream came to, never more.
 */
export class Pace implements Waiting {
  readonly #session: Session
  readonly #bucket: LeakyBucket
  readonly #deadline = new Deadline(this)
  #held: Buffer[] = []
  /** Nothing follows what is kept: when it is delivered, the client's connection ends. */
  #isLast = false

  constructor(session: Session, rate: Rate) {
    this.#session = session
    this.#bucket = new LeakyBucket(rate, session.host.clock.monotonicMs())
  }

  get isHolding(): boolean {
    return this.#held.length > 0
  }

  /** Sends it as fast as the rate allows. */
  send(bytes: Buffer): void {
    if (this.#isLast) return
    this.#held.push(bytes)
    // What was kept before goes first, at its time.
    if (this.#held.length === 1) this.run()
  }

  /** Ends the client's connection when all is delivered. */
  end(): void {
    if (this.isHolding) this.#isLast = true
    else lingerClient(this.#session)
  }

  /** The client has room again, or time has passed. */
  run(): void {
    const { client, upstream, host } = this.#session
    this.#write(host.clock.monotonicMs())
    if (!this.isHolding) {
      if (this.#isLast) lingerClient(this.#session)
      else if (!isFull(client)) upstream?.resume()
      return
    }
    if (!this.#isLast) upstream?.pause()
    if (!client.writable) {
      this.drop()
    } else if (!isFull(client)) {
      // It is we who keep the session silent: that must not end it (SEMANTICS S22).
      this.#session.touch()
      host.wheel.schedule(this.#deadline, host.clock.monotonicMs() + stepMs)
    }
  }

  onDue(): void {
    this.run()
  }

  /** Forgets what is kept: there is nobody to send it to. */
  drop(): void {
    this.#held = []
    this.#session.host.wheel.cancel(this.#deadline)
  }

  #write(nowMs: number): void {
    const { client } = this.#session
    for (let [first] = this.#held; first !== undefined; [first] = this.#held) {
      if (!client.writable || isFull(client)) return
      const count = this.#bucket.take(first.length, nowMs)
      if (count > 0) client.write(first.subarray(0, count))
      if (count < first.length) {
        this.#held[0] = first.subarray(count)
        return
      }
      this.#held.shift()
    }
  }
}

/** A 'drain' will come when there is room. */
export function isFull(socket: SessionSocket): boolean {
  return socket.writableNeedDrain && socket.writableLength > 0
}
