// The search structure under PrefixTable: a level- and path-compressed trie over one address
// family, built once from all its blocks. A node skips the bits that all its blocks share and then
// branches on as many bits as its number of blocks deserves, so the depth hardly grows with the
// number of blocks. Skipped bits are not compared on the way down: the block found at the end is
// verified, and when it does not contain the address, the blocks around it are tried outwards.
// Flat typed arrays, because with many blocks each further object to read is a cache miss.

import { maskOfWord } from './address.ts'
import { assert } from './assert.ts'
import type { Block } from './address.ts'

// The root of 10,000 blocks takes 16 bits: 256 KB, which a processor's second-level cache holds.
const widestNode = 16
// A node takes more bits than its number of blocks needs, so that evenly spread blocks mostly have
// a slot of their own, for at most 32 bytes a block and level. Measured: above 256 blocks, where
// everything is a cache miss, a second spare bit pays; a third one does not.
const fewBlocks = 256
// Stands where the position of a block is expected and there is none.
const none = -1
// A slot with this value or a lower one leads to the node at this value minus it. Any other slot
// is a leaf: the position of a block doubled, plus one when it need not be verified.
const firstNode = -2
// First bit, then 32 minus the number of bits.
const nodeHeader = 2

interface Segment {
  readonly from: number
  /** One past the last block. */
  readonly to: number
  /** The innermost block that contains the whole segment, or `none`. */
  readonly cover: number
  /** So many leading bits have been compared on the way here; absent after a skip. */
  readonly comparedBits: number | undefined
}

/** Longest-prefix search among sorted blocks of one family; answers with positions in them. */
export class PrefixTrie {
  readonly #wordCount: number
  readonly #lengths: Uint8Array
  /** For each block its base words, then its mask words. */
  readonly #tests: Int32Array
  /** The innermost other block around each block, or `none`. */
  readonly #outer: Int32Array
  /** Nodes: a header, then the slots. */
  #nodes: Int32Array = new Int32Array(256)
  #nodesLength = 0
  readonly #root: number

  /** `blocks` are in the order of `compareBlocks` and all different. */
  constructor(family: 4 | 6, blocks: readonly Block[]) {
    this.#wordCount = family === 4 ? 1 : 4
    this.#lengths = Uint8Array.from(blocks, (block) => block.prefixLength)
    this.#tests = Int32Array.from(
      blocks.flatMap(({ words, prefixLength }) => [
        ...words,
        ...words.map((_, at) => maskOfWord(prefixLength, at)),
      ]),
    )
    assert(this.#tests.length === blocks.length * this.#wordCount * 2, 'blocks of one family')
    this.#outer = this.#findOuter()
    this.#root = this.#build({ from: 0, to: blocks.length, cover: none, comparedBits: 0 })
    this.#nodes = this.#nodes.slice(0, this.#nodesLength)
  }

  /** Bytes held, for watching the bound. */
  get sizeBytes(): number {
    const arrays = [this.#lengths, this.#tests, this.#outer, this.#nodes]
    return arrays.reduce((sum, array) => sum + array.byteLength, 0)
  }

  /** Position of the longest block that contains the address, or undefined. */
  find(words: readonly number[]): number | undefined {
    const nodes = this.#nodes
    let at = this.#root
    while (at <= firstNode) {
      const node = firstNode - at
      const bit = nodes[node] ?? 0
      const word = (words[bit >>> 5] ?? 0) << (bit & 31)
      at = nodes[node + nodeHeader + (word >>> (nodes[node + 1] ?? 0))] ?? none
    }
    let position = at >> 1
    if ((at & 1) === 0) {
      while (position !== none && !this.#contains(position, words)) {
        position = this.#outer[position] ?? none
      }
    }
    return position === none ? undefined : position
  }

  /** Position of the innermost other block that contains this one, or undefined. */
  outerOf(position: number): number | undefined {
    const outer = this.#outer[position] ?? none
    return outer === none ? undefined : outer
  }

  #contains(position: number, words: readonly number[]): boolean {
    const tests = this.#tests
    const count = this.#wordCount
    const base = position * count * 2
    for (let at = 0; at < count; at += 1) {
      const difference = (words[at] ?? 0) ^ (tests[base + at] ?? 0)
      if ((difference & (tests[base + count + at] ?? 0)) !== 0) return false
    }
    return true
  }

  #baseWord(position: number, at: number): number {
    return this.#tests[position * this.#wordCount * 2 + at] ?? 0
  }

  /** The first bit in which two blocks differ; they must not contain one another. */
  #firstDifference(one: number, other: number): number {
    for (let at = 0; at < this.#wordCount; at += 1) {
      const difference = this.#baseWord(one, at) ^ this.#baseWord(other, at)
      if (difference !== 0) return at * 32 + Math.clz32(difference)
    }
    return this.#wordCount * 32
  }

  #isAround(outer: number, inner: number): boolean {
    const length = this.#lengths[outer] ?? 0
    return length <= (this.#lengths[inner] ?? 0) && this.#firstDifference(outer, inner) >= length
  }

  /** Sorted blocks nest like brackets, so a stack of the open ones finds what is around each. */
  #findOuter(): Int32Array {
    const outer = new Int32Array(this.#lengths.length).fill(none)
    const open: number[] = []
    for (let at = 0; at < outer.length; at += 1) {
      while (open.length > 0 && !this.#isAround(open.at(-1) ?? 0, at)) open.pop()
      outer[at] = open.at(-1) ?? none
      open.push(at)
    }
    return outer
  }

  /** Builds what leads to a segment's blocks; every level takes a bit, so at most 128 deep. */
  #build({ from, to, cover, comparedBits }: Segment): number {
    let first = from
    let around = cover
    while (to - first > 1 && this.#isAround(first, to - 1)) {
      around = first
      first += 1
    }
    if (first === to) return leaf(around, false)
    if (to - first === 1) return leaf(first, false)
    const bit = this.#firstDifference(first, to - 1)
    const spareBits = to - first > fewBlocks ? 2 : 1
    const wanted = 32 - Math.clz32(to - first - 1) + spareBits
    // A node reads its bits from one word.
    const bits = Math.min(wanted, widestNode, 32 - (bit & 31))
    const isCertain = comparedBits === bit
    const node = this.#allocate(bit, bits, leaf(around, isCertain))
    const compared = isCertain ? bit + bits : undefined
    this.#fillNode(node, { from: first, to, cover: around, comparedBits: compared })
    return firstNode - node
  }

  #allocate(bit: number, bits: number, filling: number): number {
    const node = this.#nodesLength
    const end = node + nodeHeader + (1 << bits)
    if (end > this.#nodes.length) {
      const grown = new Int32Array(Math.max(end, this.#nodes.length * 2))
      grown.set(this.#nodes)
      this.#nodes = grown
    }
    this.#nodesLength = end
    this.#nodes[node] = bit
    this.#nodes[node + 1] = 32 - bits
    this.#nodes.fill(filling, node + nodeHeader, end)
    return node
  }

  #fillNode(node: number, { from, to, comparedBits }: Segment): void {
    const bit = this.#nodes[node] ?? 0
    const shift = this.#nodes[node + 1] ?? 0
    const endBit = bit + 32 - shift
    let at = from
    while (at < to) {
      const slot = this.#slotOf(at, bit, shift)
      const place = node + nodeHeader + slot
      const length = this.#lengths[at] ?? 0
      if (length <= endBit) {
        const filling = leaf(at, comparedBits !== undefined)
        this.#nodes.fill(filling, place, place + (1 << (endBit - length)))
        at += 1
        continue
      }
      // Blocks of one slot stand together: a shorter one around them comes before all of them.
      let end = at + 1
      while (end < to && this.#slotOf(end, bit, shift) === slot) end += 1
      const cover = (this.#nodes[place] ?? none) >> 1
      const target = this.#build({ from: at, to: end, cover, comparedBits })
      // Not in one line with the above: building may have moved the nodes.
      this.#nodes[place] = target
      at = end
    }
  }

  #slotOf(position: number, bit: number, shift: number): number {
    return (this.#baseWord(position, bit >>> 5) << (bit & 31)) >>> shift
  }
}

/** A slot that ends the search at a block. No block at all is always certain. */
function leaf(position: number, isCertain: boolean): number {
  return position === none ? none : position * 2 + (isCertain ? 1 : 0)
}

/** Orders blocks of one family by first address, the outer one first. */
export function compareBlocks(left: Block, right: Block): number {
  for (const [at, word] of left.words.entries()) {
    const difference = word - (right.words[at] ?? 0)
    if (difference !== 0) return difference
  }
  return left.prefixLength - right.prefixLength
}
