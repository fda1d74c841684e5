// Admissions per second of one thread, alone: through both zones with 1 to 1,000,000 key values, and
// through the engine with 10 and 10,000 Peer blocks. One admission is a slot taken and given back.
// Run: node --import tsx bench/micro/admission.bench.ts [--json]

import { spawnSync } from 'node:child_process'
import { acquireAll, createBudgetSet, releaseAll } from '../../src/engine/admission.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { MemoryZone } from '../../src/engine/memory-zone.ts'
import { createSharedMemory } from '../../src/engine/shared-layout.ts'
import { SharedZone } from '../../src/engine/shared-zone.ts'
import type { Zone } from '../../src/engine/zone.ts'
import type { Limit } from '../../src/policy/limit.ts'
import { buildPolicy } from '../../test/kit/policy.ts'

interface Row {
  readonly zone: string
  readonly what: string
  readonly nsPerAdmission: number
}

// As many admissions per round as keep a processor busy for a tenth of a second.
const perRound = 200_000
// The best of these: a machine that does something else meanwhile only adds time.
const rounds = 5
// Enough that their states do not fit a processor's second-level cache, a power of two.
const drawnCount = 65_536
const keyCounts = [1, 100_000, 1_000_000]
const blockCounts = [10, 10_000]
const nsPerUs = 1000

function limitOf(key: string): Limit {
  return {
    kind: 'limit',
    stage: 'authenticated',
    option: 'limit_conn',
    tier: 'keyed',
    zone: 'user',
    key,
    scope: 'bench',
    capMax: 100,
    isDryRun: false,
    logLevel: 'error',
  }
}

const zones: readonly { readonly name: string; readonly make: () => Zone }[] = [
  { name: 'memory-zone', make: () => new MemoryZone({ name: 'user', sizeBytes: 1 << 27 }) },
  {
    name: 'shared-zone',
    make: () =>
      new SharedZone(createSharedMemory({ name: 'user', sizeBytes: 1 << 27, workerCount: 2 }), 1),
  },
]

/** Names as they come: made of two parts, and not in the order of the table. */
function keyAt(index: number): string {
  return `user${(index * 7919) % 1_000_003}@example.org`
}

/** Processor time, so that what else the machine does shows little. */
function best(round: () => void): number {
  let bestUs = Number.POSITIVE_INFINITY
  for (let done = 0; done < rounds; done += 1) {
    const before = process.cpuUsage()
    round()
    const { user, system } = process.cpuUsage(before)
    bestUs = Math.min(bestUs, user + system)
  }
  return Math.round((bestUs * nsPerUs) / perRound)
}

/**
 * All key values hold a slot already. As at a login, each admission looks its key up by a handle that
 * was never looked up before; the keys are drawn from all over the zone.
 */
function byKeys(zone: Zone, keyCount: number): number {
  for (let index = 0; index < keyCount; index += 1) {
    acquireAll(createBudgetSet([limitOf(keyAt(index))], () => zone))
  }
  const limits = Array.from({ length: drawnCount }, (_, at) => {
    return [limitOf(keyAt((at * 104_729) % keyCount))] as const
  })
  const lockOrder = [zone]
  return best(() => {
    for (let done = 0; done < perRound; done += 1) {
      const asked = limits[done & (drawnCount - 1)] ?? []
      const handles = asked.map(({ key }) => zone.handleOf(key))
      releaseAll(acquireAll({ limits: asked, handles, lockOrder }).slots)
    }
  })
}

/** The budgets of a kind of session, made once, as at the connect stage. */
function bound(zone: Zone): number {
  const limits = ['a of Peer', 'b of Peer', 'c', 'd'].map((key) => limitOf(key))
  const set = createBudgetSet(limits, () => zone)
  acquireAll(set)
  return best(() => {
    for (let done = 0; done < perRound; done += 1) releaseAll(acquireAll(set).slots)
  })
}

function byBlocks(blockCount: number): number {
  const peers = Object.fromEntries(
    Array.from({ length: blockCount }, (_, index) => {
      return [`10.${index >> 8}.${index & 255}.0/24`, { ss: 100 }]
    }),
  )
  const engine = createEngine({ policy: buildPolicy({ smtp: { listens: { '*:25': {} }, peers } }) })
  const remotes = Array.from({ length: 4096 }, (_, index) => {
    const block = (index * 7919) % blockCount
    return `10.${block >> 8}.${block & 255}.${index & 255}`
  })
  return best(() => {
    for (let done = 0; done < perRound; done += 1) {
      const verdict = engine.open({ listenId: '*:25', remote: remotes[done & 4095] ?? '' })
      if (verdict.kind === 'admit') engine.close(verdict.session)
    }
  })
}

function measure(name: string): Row[] {
  const found = zones.find((zone) => zone.name === name)
  if (found === undefined) {
    return blockCounts.map((blockCount) => {
      return { zone: name, what: `${blockCount} Peer blocks`, nsPerAdmission: byBlocks(blockCount) }
    })
  }
  return [
    { zone: name, what: '4 budgets of a plan', nsPerAdmission: bound(found.make()) },
    ...keyCounts.map((keyCount) => {
      const nsPerAdmission = byKeys(found.make(), keyCount)
      return { zone: name, what: `${keyCount} key values`, nsPerAdmission }
    }),
  ]
}

/** Each in a process of its own, as in a daemon: code that has seen two zones is slower with both. */
function measureApart(name: string): Row[] {
  const [, script = ''] = process.argv
  const args = [...process.execArgv, script, `--only=${name}`]
  const { stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  })
  return JSON.parse(stdout) as Row[] // what `--only` prints
}

const only = process.argv.find((arg) => arg.startsWith('--only='))?.slice('--only='.length)
if (only !== undefined) console.log(JSON.stringify(measure(only)))
else {
  const rows = [...zones.map(({ name }) => name), 'engine'].flatMap(measureApart)
  if (process.argv.includes('--json')) console.log(JSON.stringify(rows))
  else {
    for (const { zone, what, nsPerAdmission } of rows) {
      const perSecond = Math.round(1e9 / nsPerAdmission).toLocaleString('en')
      const ns = String(nsPerAdmission).padStart(6)
      console.log(`${zone.padEnd(11)}  ${what.padEnd(22)} ${ns} ns  ${perSecond}/s`)
    }
  }
}
