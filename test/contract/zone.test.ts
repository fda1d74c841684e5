// Runs the zone contract over every zone there is.

import { acquireAll, createBudgetSet, releaseAll } from '../../src/engine/admission.ts'
import type { Acquisition, BudgetSet } from '../../src/engine/admission.ts'
import { MemoryZone } from '../../src/engine/memory-zone.ts'
import { createSharedMemory } from '../../src/engine/shared-layout.ts'
import { SharedZone } from '../../src/engine/shared-zone.ts'
import type { StateHandle, Zone } from '../../src/engine/zone.ts'
import { limitOf } from '../kit/limit.ts'
import { runZoneContract } from './zone-suite.ts'
import type { BudgetRequest, OpenZones, Outcome, ZoneSpec } from './zone-suite.ts'

/** Any synchronous zone, behind the suite's calls. */
class SynchronousZones implements OpenZones {
  readonly #zones: ReadonlyMap<string, Zone>

  constructor(zones: readonly Zone[]) {
    this.#zones = new Map(zones.map((zone) => [zone.name, zone]))
  }

  acquire(requests: readonly BudgetRequest[]): Outcome {
    return outcome(acquireAll(this.#budgets(requests)))
  }

  exchange(holder: unknown, requests: readonly BudgetRequest[]): Outcome {
    const both = ['user', 'domain'].map((name) => this.#zone(name))
    const set = this.#budgets(requests)
    return outcome(acquireAll({ ...set, lockOrder: both }, holder as readonly StateHandle[]))
  }

  release(holder: unknown): void {
    releaseAll(holder as readonly StateHandle[])
  }

  usedCount(zone: string, key: string): number {
    return this.#zone(zone).peek(key)
  }

  statesUsed(zone: string): number {
    return this.#zone(zone).usage().statesUsed
  }

  close(): void {}

  #zone(name: string): Zone {
    const zone = this.#zones.get(name)
    if (zone === undefined) throw new Error(`no zone ${name}`)
    return zone
  }

  #budgets(requests: readonly BudgetRequest[]): BudgetSet {
    return createBudgetSet(requests.map(limitOf), (name) => this.#zone(name))
  }
}

function outcome({ slots, findings, decidedBy }: Acquisition): Outcome {
  const usedCounts = findings.map((finding) => finding.usedCount)
  if (decidedBy === undefined) return { usedCounts, holder: slots }
  const refusedBy = findings.indexOf(decidedBy)
  return decidedBy.isExhausted
    ? { refusedBy, isExhausted: true, usedCounts }
    : { refusedBy, usedCounts }
}

runZoneContract({
  name: 'memory-zone',
  open: (specs: readonly ZoneSpec[]) =>
    new SynchronousZones(specs.map((spec) => new MemoryZone(spec))),
  histories: 1000,
})

/** Its memory has a size in any case; this one is never reached here. */
const roomyBytes = 64 * 1024

runZoneContract({
  name: 'shared-zone',
  open: (specs: readonly ZoneSpec[]) => {
    const zones = specs.map(({ name, sizeBytes = roomyBytes }) => {
      const memory = createSharedMemory({ name, sizeBytes, workerCount: 2 })
      return new SharedZone(memory, 2)
    })
    return new SynchronousZones(zones)
  },
  histories: 1000,
})
