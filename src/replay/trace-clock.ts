// The clock of a replay: it stands where the trace is.

import type { Clock } from '../base/clock.ts'

export class TraceClock implements Clock {
  /** Milliseconds since 1970 at which the trace begins. */
  startMs = 0
  /** Milliseconds since then. */
  nowMs = 0

  monotonicMs(): number {
    return this.nowMs
  }

  wallMs(): number {
    return this.startMs + this.nowMs
  }
}
