// The zone contract: a named store of counted states. memory-zone implements it for one thread; a
// shared-memory zone implements it for several, and is why the calls come in this shape: the
// admission locks the zones it needs, looks at all budgets, takes all or none, unlocks.

/**
 * A state of one zone: the count of one key value. A session that took a unit of it holds a slot,
 * and keeps this handle to give the slot back.
 */
export interface StateHandle {
  readonly zone: Zone
  readonly key: string
}

export interface ZoneUsage {
  readonly statesUsed: number
  readonly bytesUsed: number
  /**
   * Absent: the zone has no size of its own (the connect stage, bounded by the policy's scopes).
   */
  readonly bytesTotal?: number
}

export interface StateView {
  readonly key: string
  readonly usedCount: number
}

export interface Zone {
  readonly name: string
  /** Between lock and unlock nobody else reads or changes the zone. Not re-entrant. */
  lock(): void
  unlock(): void
  /** The state of a key, made when absent; undefined when the zone is exhausted (SEMANTICS S16). */
  reserve(key: string): StateHandle | undefined
  usedCount(state: StateHandle): number
  /** Takes one slot. */
  take(state: StateHandle): void
  /** Gives one slot back. A state with no slots is free again at once. */
  give(state: StateHandle): void
  /** Drops a state that `reserve` made and nobody took; does nothing when slots are held. */
  discard(state: StateHandle): void
  /** Slots held under a key, without making a state. */
  peek(key: string): number
  states(): Iterable<StateView>
  usage(): ZoneUsage
}
