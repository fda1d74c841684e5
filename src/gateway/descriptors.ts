// Notices when the process has no file descriptor left. The event loop then closes new connections
// without a word to us (libuv keeps one descriptor in reserve for just that), so we look ourselves.

import { closeSync, openSync } from 'node:fs'
import type { Log } from '../base/log.ts'
import { Deadline } from '../base/timer-wheel.ts'
import type { TimerWheel, Waiting } from '../base/timer-wheel.ts'
import { errnoText, isOutOfDescriptors } from './errno.ts'

// Two system calls a second cost nothing; a shortage shorter than that nobody can act on.
const probeMs = 1000
// A shortage lasts, and one line a minute says so as well as a thousand.
const logEveryMs = 60_000

/** Looks once a second, and says what it sees once a minute. */
export class DescriptorWatch implements Waiting {
  readonly #log: Log
  readonly #wheel: TimerWheel
  readonly #deadline: Deadline
  #quietUntilMs = 0
  #nowMs = 0

  constructor(log: Log, wheel: TimerWheel) {
    this.#log = log
    this.#wheel = wheel
    this.#deadline = new Deadline(this)
  }

  start(nowMs: number): void {
    this.#nowMs = nowMs
    this.#wheel.schedule(this.#deadline, nowMs + probeMs)
  }

  stop(): void {
    this.#wheel.cancel(this.#deadline)
  }

  onDue(nowMs: number): void {
    this.#nowMs = nowMs
    try {
      closeSync(openSync('/dev/null', 'r'))
    } catch (error) {
      if (isOutOfDescriptors(error)) this.report(error)
    }
    this.#wheel.schedule(this.#deadline, nowMs + probeMs)
  }

  /** Somebody was denied a descriptor. */
  report(error: unknown): void {
    if (this.#nowMs < this.#quietUntilMs) return
    this.#quietUntilMs = this.#nowMs + logEveryMs
    const why = errnoText(error)
    this.#log.write('crit', { text: `no free file descriptors (${why}), connections are dropped` })
  }
}
