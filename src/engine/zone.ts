// The zone contract: a named store of counted states. memory-zone implements it for one thread,
// shared-zone for the threads of one process. That is why the calls come in this shape: the
// admission locks the zones it needs, looks at all budgets, takes all or none, unlocks.

/**
 * A key value, and where its state was last seen: looking it up again costs next to nothing. One
 * handle serves any number of slots, and a session keeps it to give its slot back.
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
  /** A handle of a key; makes no state. */
  handleOf(key: string): StateHandle
  /**
   * Finds the state of the handle's key, or makes it; false when the zone is exhausted (SEMANTICS
   * S16). Locked, as are the next four: they hold until the lock is given up.
   */
  reserve(handle: StateHandle): boolean
  usedCount(handle: StateHandle): number
  /** Takes one slot. */
  take(handle: StateHandle): void
  /** Gives one slot back. A state with no slots is free again at once. */
  give(handle: StateHandle): void
  /** Drops a state that `reserve` made and nobody took; does nothing when slots are held. */
  discard(handle: StateHandle): void
  /** Slots held under a key, without making a state. Not under the lock: it locks by itself. */
  peek(key: string): number
  /** Every state and what is held in it by all who share the zone. Not under the lock. */
  states(): Iterable<StateView>
  /** What was taken through this object alone: the part of this thread. */
  held(): Iterable<StateView>
  /** By how much totals differ from the sum over all holders; anything but 0 is a defect. */
  imbalance(): number
  usage(): ZoneUsage
}
