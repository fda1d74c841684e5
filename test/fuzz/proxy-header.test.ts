// The PROXY header under hostile input: any bytes, in any pieces.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressOfWords } from '../../src/base/address.ts'
import {
  ProxyHeaderParser,
  buildProxyV1,
  buildProxyV2,
  buildProxyV2Local,
} from '../../src/base/proxy-header.ts'
import type { ProxyParse } from '../../src/base/proxy-header.ts'

// The bounds that the parser promises.
const longestV1 = 107
const longestV2 = 16 + 4096

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const word = fc.nat(0xffff_ffff)
const address = fc
  .oneof(
    fc.tuple(word),
    fc.tuple(word, word, word, word),
    fc.tuple(fc.constant(0), fc.constant(0), fc.constant(0xffff), word),
  )
  .map((words) => addressOfWords(words).text)
const end = fc.record({ address, port: fc.nat(65_535) })

const built = fc.oneof(
  fc.tuple(end, end).map(([source, destination]) => buildProxyV1(source, destination)),
  fc
    .tuple(end, end, fc.boolean())
    .map(([source, destination, withCrc]) => buildProxyV2(source, destination, { withCrc })),
  fc.constant(buildProxyV2Local()),
  fc.string({ maxLength: 120 }).map((text) => Buffer.from(`PROXY UNKNOWN ${text}\r\n`)),
)

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((list) => Buffer.from(list))

/** Bytes that get some way into a header before they go wrong, or do not. */
const nearlyHeader = fc.oneof(
  bytes(200),
  bytes(200).map((tail) => Buffer.concat([Buffer.from('PROXY TCP4 '), tail])),
  fc
    .array(
      fc.constantFrom('PROXY', ' ', 'TCP4', 'TCP6', 'UNKNOWN', '1.2.3.4', '::1', '25', '\r', '\n'),
      {
        maxLength: 14,
      },
    )
    .map((parts) => Buffer.from(parts.join(''))),
  fc
    .tuple(
      fc.constantFrom(0x20, 0x21, 0x22),
      fc.constantFrom(0, 0x11, 0x21, 0x31, 0x12, 0x41),
      fc.nat(300),
      bytes(400),
    )
    .map(([command, family, length, block]) => {
      const fixed = Buffer.from([command, family, length >> 8, length & 255])
      return Buffer.concat([signature, fixed, block])
    }),
  // A good header with one byte changed, and something behind it.
  fc.tuple(built, fc.nat(200), fc.nat(255), bytes(20)).map(([header, at, value, tail]) => {
    const changed = Buffer.from(header)
    if (at < changed.length) changed.writeUInt8(value, at)
    return Buffer.concat([changed, tail])
  }),
)

/** Everything that is pushed until the parser has decided; the rest includes what was not pushed. */
function outcomeOf(pieces: readonly Buffer[]): ProxyParse {
  const parser = new ProxyHeaderParser()
  for (const [at, piece] of pieces.entries()) {
    const result = parser.push(piece)
    if (result.kind === 'bad') return result
    if (result.kind === 'done') {
      return { ...result, rest: Buffer.concat([result.rest, ...pieces.slice(at + 1)]) }
    }
  }
  return { kind: 'more' }
}

function cutAt(input: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts, input.length].toSorted((left, right) => left - right)
  return ends.map((stop, at) => input.subarray(ends[at - 1] ?? 0, stop))
}

describe('the PROXY header', () => {
  it('has the same outcome wherever the input is split in two', () => {
    const property = fc.property(fc.oneof(built, nearlyHeader), (input) => {
      const whole = outcomeOf([input])
      for (let at = 1; at < input.length; at += 1) {
        expect(outcomeOf(cutAt(input, [at]))).toEqual(whole)
      }
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('has the same outcome byte by byte and in any pieces', () => {
    const cuts = fc.array(fc.nat(400), { maxLength: 8 })
    const property = fc.property(fc.oneof(built, nearlyHeader), cuts, (input, at) => {
      const whole = outcomeOf([input])
      const inside = at.filter((cut) => cut <= input.length)
      expect(outcomeOf(cutAt(input, inside))).toEqual(whole)
      const everywhere = Array.from({ length: input.length }, (_, cut) => cut)
      expect(outcomeOf(cutAt(input, everywhere))).toEqual(whole)
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  it('never throws, and decides within its bound', () => {
    const endless = fc.constantFrom(
      ...['x', '\0', '1', ' ', '\r\n'].map((text) => Buffer.alloc(5_000, text)),
    )
    const property = fc.property(nearlyHeader, endless, (input, more) => {
      const result = outcomeOf([input, more])
      expect(result.kind).not.toBe('more')
      const isV1 = input.length > 0 ? input[0] === 0x50 : false
      const bounded = Buffer.concat([input, more]).subarray(0, isV1 ? longestV1 : longestV2)
      expect(outcomeOf([bounded]).kind).toBe(result.kind)
    })
    fc.assert(property, { numRuns: 5_000 })
  })

  it('decides no later when more follows than when nothing does', () => {
    const property = fc.property(nearlyHeader, fc.nat(400), (input, at) => {
      const early = outcomeOf([input.subarray(0, at)])
      if (early.kind === 'bad') expect(outcomeOf([input])).toEqual(early)
    })
    fc.assert(property, { numRuns: 5_000 })
  })

  it('gives back exactly the ends it was built from', () => {
    const property = fc.property(
      end,
      end,
      fc.boolean(),
      bytes(20),
      (source, destination, withCrc, rest) => {
        const v1 = Buffer.concat([buildProxyV1(source, destination), rest])
        const v2 = Buffer.concat([buildProxyV2(source, destination, { withCrc }), rest])
        for (const [version, input] of [
          [1, v1],
          [2, v2],
        ] as const) {
          const header = { version, command: 'proxy', source, destination }
          expect(outcomeOf([input])).toEqual({ kind: 'done', header, rest })
        }
      },
    )
    fc.assert(property, { numRuns: 3_000 })
  })
})
