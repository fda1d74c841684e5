// Where an engine gets its zones from: memory of its own, or memory that threads share.

import type { LimitZone } from '../policy/limit-zone.ts'
import { connectZone } from '../policy/fallback.ts'
import { MemoryZone } from './memory-zone.ts'
import type { SharedZoneMemory } from './shared-layout.ts'
import { SharedZone } from './shared-zone.ts'
import type { Zone } from './zone.ts'

/** The zones of one revision of the policy. */
export interface ZoneSource {
  /** The one zone of the connect stage. */
  readonly connect: Zone
  keyed(declared: LimitZone): Zone
}

/** Zones of one thread. */
export function memoryZones(): ZoneSource {
  return {
    // No size: its keys are scopes of the policy, never anything a client chose.
    connect: new MemoryZone({ name: connectZone }),
    keyed: (declared) => new MemoryZone(declared),
  }
}

/** The zones of `shared`, as worker number `worker` (from 1) sees them. */
export function sharedZones(shared: SharedZones, worker: number): ZoneSource {
  return {
    connect: new SharedZone(shared.connect, worker),
    keyed({ name }) {
      const memory = shared.keyed.find((zone) => zone.name === name)
      if (memory === undefined) throw new Error(`postern: no memory for zone ${name}`)
      return new SharedZone(memory, worker)
    },
  }
}

/** All memory that the workers of a policy share. Can be posted to a thread. */
export interface SharedZones {
  readonly connect: SharedZoneMemory
  readonly keyed: readonly SharedZoneMemory[]
}
