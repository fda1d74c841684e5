// Makes the memory in which the workers of a policy count together.

import { connectZone } from '../policy/fallback.ts'
import type { Policy } from '../policy/policy.ts'
import { createSharedMemory } from './shared-layout.ts'
import type { SharedZones } from './zone-source.ts'

const stateBytes = 64
/** A scope's name may take as much as the longest key. */
const scopeBytesMax = 512
/**
 * Scopes of Listens that reloads have retired, while sessions that came through them live: 8 MB of
 * addresses, of which only what is used is ever filled.
 */
const retiredBytes = 16_384 * scopeBytesMax

/** Memory for every zone of a policy, all of it empty. */
export function shareZones(policy: Policy, workerCount: number): SharedZones {
  const connect = { name: connectZone, sizeBytes: connectBytes(policy), workerCount }
  return {
    connect: createSharedMemory(connect),
    keyed: policy.zones.map(({ name, sizeBytes }) =>
      createSharedMemory({ name, sizeBytes: Math.max(sizeBytes, stateBytes), workerCount }),
    ),
  }
}

/**
 * The connect stage has no operator's size, and needs none: its budgets are one per service, one
 * per Listen, and per Peer one for the service and one for each Listen it can apply to.
 */
function connectBytes({ listeners }: Policy): number {
  let scopes = 0
  for (const { listens, peers } of listeners) {
    scopes += 1 + peers.length * (1 + listens.length)
    for (const listen of listens) scopes += 1 + listen.peers.length * 2
  }
  return scopes * scopeBytesMax + retiredBytes
}
