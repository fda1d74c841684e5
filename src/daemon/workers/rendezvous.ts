// A reload as the host follows it: everybody says that he is prepared, or the reload is off.

import type { SharedZones } from '../../engine/zone-source.ts'
import type { Barrier } from './barrier.ts'

export interface RendezvousOptions {
  /** The zones of the new policy. */
  readonly zones: SharedZones
  readonly barrier: Barrier
  readonly workers: readonly number[]
}

export class Rendezvous {
  readonly zones: SharedZones
  readonly #barrier: Barrier
  readonly #missing: Set<number>
  /** True when everybody is prepared. */
  readonly settled: Promise<boolean>
  #settle: (isOn: boolean) => void = () => {}

  constructor({ zones, barrier, workers }: RendezvousOptions) {
    this.zones = zones
    this.#barrier = barrier
    this.#missing = new Set(workers)
    this.settled = new Promise((resolve) => {
      this.#settle = resolve
    })
    if (workers.length === 0) this.#settle(false)
  }

  prepared(worker: number): void {
    this.#missing.delete(worker)
    if (this.#missing.size === 0) this.#settle(true)
  }

  /** Failed or died. Before all are prepared that is the end of it; later nobody waits for him. */
  lost(worker: number): void {
    if (this.#missing.has(worker)) this.#barrier.callOff()
    this.#barrier.excuse(worker)
    this.#settle(false)
  }
}
