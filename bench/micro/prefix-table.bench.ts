// How long a look-up takes with 10, 1,000 and 10,000 blocks, and how much longer with many than
// with few. Run: node --import tsx bench/micro/prefix-table.bench.ts [--json]

import { do_not_optimize, measure } from 'mitata'
import { addressOfWords, parseBlock } from '../../src/base/address.ts'
import { PrefixTable } from '../../src/base/prefix-table.ts'
import type { Address, Block } from '../../src/base/address.ts'

interface Result {
  readonly family: 4 | 6
  /** Where the looked-up addresses come from. */
  readonly addresses: 'random' | 'inside'
  readonly blockCount: number
  readonly lookupNs: number
  readonly sizeBytes: number
}

// Enough that a processor can hardly learn the sequence, few enough that the addresses, some 100
// bytes each, leave room in its second-level cache for the table.
const addressCount = 8_192
const blockCounts = [10, 1_000, 10_000]
// How fast a table of few blocks is depends on which ones they are, so several are drawn and the
// mean is taken over them.
const draws = 6
// The best of these for each table: a machine that does something else meanwhile only adds time.
const rounds = 3

const random = randomWords(0x5eed)

/** Unsigned 32-bit numbers from a seed (mulberry32), so that every run measures the same. */
function randomWords(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

function randomAddress(family: 4 | 6): Address {
  return addressOfWords(family === 4 ? [random()] : [random(), random(), random(), random()])
}

function randomBlock(family: 4 | 6): Block {
  const prefixLength = family === 4 ? 8 + (random() % 25) : 16 + (random() % 113)
  const parsed = parseBlock(`${randomAddress(family).text}/${prefixLength}`)
  if (parsed === undefined) throw new Error('a random block must parse')
  return parsed.block
}

function fill(family: 4 | 6, blockCount: number): PrefixTable<number> {
  const table = new PrefixTable<number>()
  while (table.size < blockCount) table.set(randomBlock(family), table.size)
  return table
}

function addressesIn(table: PrefixTable<number>): Address[] {
  const blocks = [...table.entries()].map(({ block }) => block)
  return Array.from({ length: addressCount }, () => {
    const block = blocks[random() % blocks.length]
    if (block === undefined) throw new Error('a table without blocks')
    const words = block.words.map((word, index) => {
      const bits = Math.min(32, Math.max(0, block.prefixLength - index * 32))
      const hostMask = bits === 32 ? 0 : 0xffff_ffff >>> bits
      return (word | (random() & hostMask)) >>> 0
    })
    return addressOfWords(words)
  })
}

async function lookupNs(table: PrefixTable<number>, addresses: readonly Address[]) {
  const stats = await measure(
    () => {
      let sum = 0
      for (const address of addresses) sum += table.lookup(address)?.value ?? 0
      do_not_optimize(sum)
    },
    { min_cpu_time: 100_000_000, warmup_samples: 20 },
  )
  return stats.p50 / addresses.length
}

async function measureFamily(family: 4 | 6, addresses: Result['addresses']): Promise<Result[]> {
  const shared = Array.from({ length: addressCount }, () => randomAddress(family))
  const cases = blockCounts.map((blockCount) => {
    return { blockCount, tables: Array.from({ length: draws }, () => fill(family, blockCount)) }
  })
  const sums = cases.map(() => 0)
  for (let draw = 0; draw < draws; draw += 1) {
    const drawn = cases.map(({ tables }) => {
      const table = tables[draw] ?? new PrefixTable<number>()
      const asked = addresses === 'random' ? shared : addressesIn(table)
      return { table, asked, bestNs: Number.POSITIVE_INFINITY }
    })
    for (let round = 0; round < rounds; round += 1) {
      for (const one of drawn) {
        one.bestNs = Math.min(one.bestNs, await lookupNs(one.table, one.asked))
      }
    }
    for (const [at, { bestNs }] of drawn.entries()) sums[at] = (sums[at] ?? 0) + bestNs
  }
  return cases.map(({ blockCount, tables }, at) => {
    const meanNs = (sums[at] ?? Number.NaN) / draws
    return { family, addresses, blockCount, lookupNs: meanNs, sizeBytes: tables[0]?.sizeBytes ?? 0 }
  })
}

function ratioOf(results: readonly Result[]): number {
  return (results.at(-1)?.lookupNs ?? Number.NaN) / (results[0]?.lookupNs ?? Number.NaN)
}

async function main(): Promise<void> {
  const groups: Result[][] = []
  for (const family of [4, 6] as const) {
    for (const addresses of ['random', 'inside'] as const) {
      groups.push(await measureFamily(family, addresses))
    }
  }
  const ratios = groups.map((results) => ({
    family: results[0]?.family,
    addresses: results[0]?.addresses,
    ratio: Number(ratioOf(results).toFixed(2)),
  }))
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ results: groups.flat(), ratios }))
    return
  }
  for (const { family, addresses, blockCount, lookupNs: ns, sizeBytes } of groups.flat()) {
    const count = String(blockCount).padStart(6)
    const size = (sizeBytes / 1024).toFixed(0).padStart(5)
    console.log(
      `IPv${family} ${addresses.padEnd(6)} ${count} blocks ${ns.toFixed(1)} ns ${size} KB`,
    )
  }
  const shown = ratios.map(({ family, addresses, ratio }) => `IPv${family} ${addresses} ${ratio}x`)
  console.log(`10,000 blocks against 10: ${shown.join(', ')}`)
}

await main()
