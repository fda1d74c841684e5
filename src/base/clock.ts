// Where time comes from, so that tests can move it by hand.

export interface Clock {
  /** Milliseconds that never go backwards; for durations and deadlines. */
  monotonicMs(): number
  /** Milliseconds since 1970; for logs only. */
  wallMs(): number
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
}
