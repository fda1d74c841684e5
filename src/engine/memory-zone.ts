// A zone in the memory of one thread: a Map, with the operator's size accounted as SEMANTICS S16
// says, so that a policy is exhausted at the same point whichever zone counts it.

import { assert } from '../base/assert.ts'
import { stateBytes } from './state-size.ts'
import type { StateHandle, StateView, Zone, ZoneUsage } from './zone.ts'

export interface MemoryZoneOptions {
  readonly name: string
  /** Absent: no bound of its own. Give one wherever clients choose the keys. */
  readonly sizeBytes?: number
}

class MemoryState implements StateHandle {
  readonly zone: MemoryZone
  readonly key: string
  usedCount = 0

  constructor(zone: MemoryZone, key: string) {
    this.zone = zone
    this.key = key
  }
}

export class MemoryZone implements Zone {
  readonly name: string
  readonly #sizeBytes: number | undefined
  readonly #states = new Map<string, MemoryState>()
  #bytesUsed = 0

  constructor(options: MemoryZoneOptions) {
    this.name = options.name
    this.#sizeBytes = options.sizeBytes
  }

  /** One thread: nobody can come between. */
  lock(): void {}

  unlock(): void {}

  reserve(key: string): StateHandle | undefined {
    const found = this.#states.get(key)
    if (found !== undefined) return found
    if (this.#sizeBytes !== undefined) {
      const bytes = stateBytes(key)
      if (this.#bytesUsed + bytes > this.#sizeBytes) return undefined
      this.#bytesUsed += bytes
    }
    const state = new MemoryState(this, key)
    this.#states.set(key, state)
    return state
  }

  usedCount(state: StateHandle): number {
    return this.#own(state).usedCount
  }

  take(state: StateHandle): void {
    this.#own(state).usedCount += 1
  }

  give(state: StateHandle): void {
    const own = this.#own(state)
    assert(own.usedCount > 0, `slot given back twice in zone "${this.name}"`)
    own.usedCount -= 1
    if (own.usedCount === 0) this.#drop(own)
  }

  discard(state: StateHandle): void {
    const own = this.#own(state)
    if (own.usedCount === 0) this.#drop(own)
  }

  peek(key: string): number {
    return this.#states.get(key)?.usedCount ?? 0
  }

  states(): Iterable<StateView> {
    return this.#states.values()
  }

  usage(): ZoneUsage {
    const statesUsed = this.#states.size
    if (this.#sizeBytes === undefined) return { statesUsed, bytesUsed: 0 }
    return { statesUsed, bytesUsed: this.#bytesUsed, bytesTotal: this.#sizeBytes }
  }

  #own(state: StateHandle): MemoryState {
    assert(state instanceof MemoryState && state.zone === this, 'state of another zone')
    return state
  }

  #drop(state: MemoryState): void {
    if (this.#sizeBytes !== undefined) this.#bytesUsed -= stateBytes(state.key)
    this.#states.delete(state.key)
  }
}
