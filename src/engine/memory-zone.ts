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

class MemoryState implements StateView {
  readonly key: string
  usedCount = 0
  isDropped = false

  constructor(key: string) {
    this.key = key
  }
}

class MemoryHandle implements StateHandle {
  readonly zone: MemoryZone
  readonly key: string
  state: MemoryState | undefined = undefined

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

  handleOf(key: string): StateHandle {
    return new MemoryHandle(this, key)
  }

  reserve(handle: StateHandle): boolean {
    const own = this.#own(handle)
    if (own.state?.isDropped === false) return true
    const found = this.#states.get(own.key) ?? this.#make(own.key)
    if (found === undefined) return false
    own.state = found
    return true
  }

  usedCount(handle: StateHandle): number {
    return this.#stateOf(handle).usedCount
  }

  take(handle: StateHandle): void {
    this.#stateOf(handle).usedCount += 1
  }

  give(handle: StateHandle): void {
    const state = this.#stateOf(handle)
    assert(state.usedCount > 0, 'slot given back twice')
    state.usedCount -= 1
    if (state.usedCount === 0) this.#drop(state)
  }

  discard(handle: StateHandle): void {
    const state = this.#stateOf(handle)
    if (state.usedCount === 0) this.#drop(state)
  }

  peek(key: string): number {
    return this.#states.get(key)?.usedCount ?? 0
  }

  states(): Iterable<StateView> {
    return this.#states.values()
  }

  held(): Iterable<StateView> {
    return this.#states.values()
  }

  /** There is only one holder, and its count is the total. */
  imbalance(): number {
    return 0
  }

  usage(): ZoneUsage {
    const statesUsed = this.#states.size
    if (this.#sizeBytes === undefined) return { statesUsed, bytesUsed: 0 }
    return { statesUsed, bytesUsed: this.#bytesUsed, bytesTotal: this.#sizeBytes }
  }

  #own(handle: StateHandle): MemoryHandle {
    assert(handle instanceof MemoryHandle && handle.zone === this, 'handle of another zone')
    return handle
  }

  #stateOf(handle: StateHandle): MemoryState {
    const { state } = this.#own(handle)
    assert(state !== undefined && !state.isDropped, 'slot given back twice, or never taken')
    return state
  }

  #make(key: string): MemoryState | undefined {
    if (this.#sizeBytes !== undefined) {
      const bytes = stateBytes(key)
      if (this.#bytesUsed + bytes > this.#sizeBytes) return undefined
      this.#bytesUsed += bytes
    }
    const state = new MemoryState(key)
    this.#states.set(key, state)
    return state
  }

  #drop(state: MemoryState): void {
    if (this.#sizeBytes !== undefined) this.#bytesUsed -= stateBytes(state.key)
    state.isDropped = true
    this.#states.delete(state.key)
  }
}
