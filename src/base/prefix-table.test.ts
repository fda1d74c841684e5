// The prefix table against a plain search through all blocks.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressOfWords, blockContains, parseAddress, parseBlock } from './address.ts'
import { PrefixTable } from './prefix-table.ts'
import type { Address, Block } from './address.ts'

function block(text: string): Block {
  const parsed = parseBlock(text)
  if (parsed === undefined) throw new Error(`not a block: ${text}`)
  return parsed.block
}

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new Error(`not an address: ${text}`)
  return parsed
}

function tableOf(...texts: string[]): PrefixTable<string> {
  const table = new PrefixTable<string>()
  for (const text of texts) table.set(block(text), text)
  return table
}

function slowMatches(table: PrefixTable<string>, wanted: Address): string[] {
  return [...table.entries()]
    .filter((entry) => blockContains(entry.block, wanted))
    .toSorted((left, right) => right.block.prefixLength - left.block.prefixLength)
    .map((entry) => entry.value)
}

// Few distinct bits, so that blocks nest, touch and share prefixes, and addresses fall inside.
const fewBits = fc.oneof(
  fc.constantFrom(0, 1, 2, 0x0a00_0000, 0x0a00_0100, 0x0a01_0000, 0x8000_0000, 0xffff_ffff),
  fc.integer({ min: 0, max: 31 }).map((shift) => (1 << shift) >>> 0),
  fc.integer({ min: 0, max: 0xffff_ffff }),
)
const anyAddress = fc.oneof(
  fewBits.map((word) => addressOfWords([word])),
  fc.tuple(fewBits, fewBits, fewBits, fewBits).map((words) => addressOfWords(words)),
)
const anyBlock = fc
  .tuple(anyAddress, fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([base, share]) =>
    block(`${base.text}/${Math.round(share * (base.family === 4 ? 32 : 128))}`),
  )

describe('PrefixTable', () => {
  it('answers with the longest block that contains the address', () => {
    const table = tableOf('0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3')
    expect(table.lookup(address('10.1.2.3'))?.value).toBe('10.1.2.3')
    expect(table.lookup(address('10.1.2.4'))?.value).toBe('10.1.0.0/16')
    expect(table.lookup(address('10.2.0.0'))?.block.text).toBe('10.0.0.0/8')
    expect(table.lookup(address('11.0.0.0'))?.value).toBe('0.0.0.0/0')
  })

  it('answers undefined when no block contains the address', () => {
    expect(tableOf('10.0.0.0/8', '172.16.0.0/12').lookup(address('11.0.0.1'))).toBeUndefined()
    expect(tableOf().lookup(address('11.0.0.1'))).toBeUndefined()
  })

  it('keeps IPv4 and IPv6 apart, as S10 says', () => {
    expect(tableOf('0.0.0.0/0').lookup(address('2001:db8::1'))).toBeUndefined()
    expect(tableOf('::/0').lookup(address('10.0.0.1'))).toBeUndefined()
    expect(tableOf('10.0.0.0/8').lookup(address('::ffff:10.0.0.1'))?.value).toBe('10.0.0.0/8')
  })

  it('lists all matching values, the longest block first', () => {
    const table = tableOf('10.1.0.0/16', '0.0.0.0/0', '10.0.0.0/8', '10.2.0.0/16')
    expect(table.matches(address('10.1.2.3'))).toEqual(['10.1.0.0/16', '10.0.0.0/8', '0.0.0.0/0'])
    expect(table.matches(address('::1'))).toEqual([])
  })

  it('gets the value of exactly one block and replaces it', () => {
    const table = tableOf('10.0.0.0/8')
    expect(table.get(block('10.0.0.0/8'))).toBe('10.0.0.0/8')
    expect(table.get(block('10.0.0.0/9'))).toBeUndefined()
    expect(table.lookup(address('10.0.0.1'))?.value).toBe('10.0.0.0/8')
    table.set(block('10.9.9.9/8'), 'new')
    expect(table.size).toBe(1)
    expect(table.get(block('10.0.0.0/8'))).toBe('new')
    expect(table.lookup(address('10.0.0.1'))?.value).toBe('new')
  })

  it('sees a block that is added after a look-up', () => {
    const table = tableOf('2001:db8::/32')
    expect(table.lookup(address('2001:db8::1'))?.value).toBe('2001:db8::/32')
    table.set(block('2001:db8::/64'), 'longer')
    expect(table.lookup(address('2001:db8::1'))?.value).toBe('longer')
  })

  it('lists its blocks in the order in which they were set', () => {
    const table = tableOf('10.0.0.0/8', '::/0', '0.0.0.0/0')
    const texts = [...table.entries()].map((entry) => entry.block.text)
    expect(texts).toEqual(['10.0.0.0/8', '::/0', '0.0.0.0/0'])
    expect(table.size).toBe(3)
  })

  it('agrees with a plain search, whatever the blocks and addresses', () => {
    const tables = fc.array(anyBlock, { maxLength: 60 })
    const property = fc.property(
      tables,
      fc.array(anyAddress, { maxLength: 40 }),
      (blocks, asked) => {
        const table = tableOf(...blocks.map((one) => one.text))
        for (const wanted of asked) {
          const expected = slowMatches(table, wanted)
          expect(table.matches(wanted)).toEqual(expected)
          expect(table.lookup(wanted)?.value).toBe(expected[0])
        }
      },
    )
    fc.assert(property, { numRuns: 500 })
  })

  it('holds a chain of 129 nested blocks', () => {
    const texts = Array.from(
      { length: 129 },
      (_, length) => block(`${'f'.repeat(4)}::/${length}`).text,
    )
    const table = tableOf(...texts)
    expect(table.matches(address('ffff::'))).toEqual(texts.toReversed())
    expect(table.matches(address('ffff::1'))).toEqual(texts.slice(0, 128).toReversed())
  })

  it('finds each of 10,000 blocks, and its structure stays below 4 MB', () => {
    const word = fc.nat(0xffff_ffff)
    const random = fc.sample(fc.tuple(word, word, word, word), { numRuns: 5_000, seed: 25 })
    const blocks = random.flatMap((words, at) => [
      block(`${addressOfWords([words[0]]).text}/${8 + (at % 25)}`),
      block(`${addressOfWords(words).text}/${16 + (at % 113)}`),
    ])
    const table = tableOf(...blocks.map((one) => one.text))
    for (const [at, { words, text }] of blocks.entries()) {
      const wanted = addressOfWords(words)
      expect(table.matches(wanted)).toContain(text)
      // The plain search takes its time; a twentieth of the blocks is enough for it.
      if (at % 20 !== 0) continue
      expect(table.lookup(wanted)?.value).toBe(slowMatches(table, wanted)[0])
    }
    expect(table.sizeBytes).toBeLessThan(4 * 1024 * 1024)
  })
})
