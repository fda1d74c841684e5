// How long a session may be silent.

import type { Plan } from '../policy/plan.ts'

/**
 * The idle limit in milliseconds; Infinity when there is none. An ECStream session goes by
 * ECStream_Idle_Time when that is written, else by Idle_Time when that is, else by the 300 s that
 * Momentum gives ECStream; every other service by Idle_Time alone.
 */
export function idleMsOf(plan: Plan): number {
  const { idle, ecstreamIdle } = plan.settings
  const isOwn = ecstreamIdle.origin !== undefined || idle.origin === undefined
  const effective = plan.listener.service === 'ecstream' && isOwn ? ecstreamIdle : idle
  return effective.value.ms ?? Number.POSITIVE_INFINITY
}
