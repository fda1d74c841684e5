// How long a client may stay after our last word to it.

import { lingeringTimeMaxMs, lingeringTimeoutMaxMs } from '../policy/defaults.ts'
import type { Settings } from '../policy/plan.ts'

/** Of silence, and in all. */
export interface Linger {
  readonly silenceMs: number
  readonly totalMs: number
}

/** The bounds of SEMANTICS S2, which also hold where no plan has a say. */
export const longestLinger: Linger = {
  silenceMs: lingeringTimeoutMaxMs,
  totalMs: lingeringTimeMaxMs,
}

/** Undefined: the connection is closed as soon as the last word is written. */
export function lingerOf(settings: Settings): Linger | undefined {
  const silenceMs = settings.lingeringTimeout.value.waitMs
  const totalMs = settings.lingeringTime.value.waitMs
  if (!settings.lingeringClose.value || silenceMs === 0 || totalMs === 0) return undefined
  return { silenceMs, totalMs }
}
