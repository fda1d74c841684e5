// Tells whoever watches the daemon that all is well, as long as every worker answers.

import type { Log } from '../base/log.ts'
import type { ServiceManager } from './service-manager.ts'

/** How soon to ask again when a worker did not answer because it died: its successor will. */
const retryMs = 1000

export interface WatchdogOptions {
  readonly manager: ServiceManager
  readonly log: Log
  /** Resolves when every worker has answered; rejects when one cannot. */
  readonly pulse: () => Promise<void>
}

export class Watchdog {
  readonly #options: WatchdogOptions
  readonly #everyMs: number
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #isTold = false

  /** Half of the time that systemd waits, as sd_watchdog_enabled advises. */
  constructor(options: WatchdogOptions, watchdogMs: number) {
    this.#options = options
    this.#everyMs = watchdogMs / 2
  }

  start(): void {
    this.#ask()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #ask(): void {
    const late = setTimeout(() => this.#onTrouble('a worker does not answer'), this.#everyMs)
    late.unref()
    this.#options
      .pulse()
      .then(
        () => this.#onAnswer(),
        (error: unknown) => {
          this.#onTrouble(error instanceof Error ? error.message : String(error))
          this.#askIn(Math.min(retryMs, this.#everyMs))
        },
      )
      .finally(() => clearTimeout(late))
  }

  #onAnswer(): void {
    this.#isTold = false
    this.#options.manager.alive()
    this.#askIn(this.#everyMs)
  }

  #askIn(ms: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => this.#ask(), ms)
    this.#timer.unref()
  }

  /** Once, until all is well again. */
  #onTrouble(why: string): void {
    if (this.#isTold) return
    this.#isTold = true
    this.#options.log.write('warn', {
      text: `systemd's watchdog is not told that all is well: ${why}`,
    })
  }
}
