// What the log needs from a destination. None of them blocks, and none grows without bound.

import type { LogLevelName } from '../base/log.ts'

export interface LogSink {
  /** Lines dropped since the start: the destination was too slow. */
  readonly droppedCount: number
  /** Writes that failed since the start. */
  readonly errorCount: number
  /** Queues one line, newline included. Never throws, never waits. */
  write(line: string, level: LogLevelName): void
  /** Opens anew what a rotation may have moved away; throws, with the old one in use. */
  reopen(): void
  /** Writes what is queued, waiting a bounded time, and closes. */
  close(): Promise<void>
  /** The same, at once and blocking. */
  closeNow(): void
}
