// Addresses that stand for all others: between two of them no Peer begins or ends, so every client
// in between meets what the lower one meets.

import { addressOfWords } from '../base/address.ts'
import type { Address, Block } from '../base/address.ts'

/** One address for each stretch that the blocks divide the address space into. */
export function probesOf(blocks: readonly Block[]): readonly Address[] {
  const points = blocks.flatMap((block) => {
    const bits = block.family === 4 ? 32n : 128n
    const start = numberOf(block.words)
    const end = start + (1n << (bits - BigInt(block.prefixLength)))
    return end < 1n << bits
      ? [[bits, start] as const, [bits, end] as const]
      : [[bits, start] as const]
  })
  const all = [[32n, 0n] as const, [128n, 0n] as const, ...points]
  const unique = new Map(all.map(([bits, point]) => [`${bits} ${point}`, addressAt(bits, point)]))
  return [...unique.values()].toSorted((one, other) => (one.text < other.text ? -1 : 1))
}

function numberOf(words: readonly number[]): bigint {
  return words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n)
}

function addressAt(bits: bigint, point: bigint): Address {
  const words: number[] = []
  for (let shift = bits - 32n; shift >= 0n; shift -= 32n) {
    words.push(Number((point >> shift) & 0xffff_ffffn))
  }
  return addressOfWords(words)
}
