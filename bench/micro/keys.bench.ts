// What a zone costs with so many keys in it: the time of an admission and the memory of the states.
// Run: node --expose-gc --import tsx bench/micro/keys.bench.ts memory-zone|shared-zone KEYS

import { acquireAll, createBudgetSet, releaseAll } from '../../src/engine/admission.ts'
import type { BudgetSet } from '../../src/engine/admission.ts'
import { MemoryZone } from '../../src/engine/memory-zone.ts'
import { createSharedMemory } from '../../src/engine/shared-layout.ts'
import { SharedZone } from '../../src/engine/shared-zone.ts'
import type { Zone } from '../../src/engine/zone.ts'
import type { Limit } from '../../src/policy/limit.ts'

// Room for a million states with something to spare, whatever the count: the zone's own size is the
// operator's choice and not what is measured.
const sizeBytes = 1 << 27
// As many admissions per round as keep a processor busy for a tenth of a second, and the best of
// some rounds: a machine that does something else meanwhile only adds time.
const perRound = 100_000
const rounds = 5
const nsPerUs = 1000

const limit: Limit = {
  kind: 'limit',
  stage: 'authenticated',
  option: 'limit_conn',
  tier: 'keyed',
  zone: 'user',
  key: '',
  scope: 'bench',
  capMax: 100,
  isDryRun: false,
  logLevel: 'error',
}

function makeZone(name: string): Zone {
  if (name === 'memory-zone') return new MemoryZone({ name: 'user', sizeBytes })
  if (name === 'shared-zone') {
    return new SharedZone(createSharedMemory({ name: 'user', sizeBytes, workerCount: 1 }), 1)
  }
  throw new Error(`no zone is called ${name}`)
}

/** Names as they come: made of two parts, and not in the order of the table. */
function keyAt(index: number): string {
  return `user${(index * 7919) % 1_000_003}@example.org`
}

/** What is resident when garbage is gone; a zone in shared memory is resident as far as it is used. */
function residentBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage.rss()
}

function measureKeys(zone: Zone, keyCount: number): { ns: number; bytes: number } {
  const setOf = (index: number): BudgetSet =>
    createBudgetSet([{ ...limit, key: keyAt(index) }], () => zone)
  const before = residentBytes()
  for (let index = 0; index < keyCount; index += 1) acquireAll(setOf(index))
  const bytes = residentBytes() - before
  let bestUs = Number.POSITIVE_INFINITY
  for (let done = 0; done < rounds; done += 1) {
    const sets = Array.from({ length: perRound }, (_, at) => setOf((at * 104_729) % keyCount))
    const start = process.cpuUsage()
    for (const set of sets) releaseAll(acquireAll(set).slots)
    const { user, system } = process.cpuUsage(start)
    bestUs = Math.min(bestUs, user + system)
  }
  return { ns: (bestUs * nsPerUs) / perRound, bytes }
}

const [name = '', keys = ''] = process.argv.slice(2)
const keyCount = Number(keys)
if (!(keyCount >= 1)) throw new Error('how many keys?')
console.log(JSON.stringify(measureKeys(makeZone(name), keyCount)))
