// Addresses and blocks: what parses, what it becomes, and that it agrees with node:net.

import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressOfClient,
  addressOfWords,
  blockContains,
  parseAddress,
  parseBlock,
  parseDecimal,
} from './address.ts'
import type { Address, Block } from './address.ts'

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new Error(`not an address: ${text}`)
  return parsed
}

function block(text: string): Block {
  const parsed = parseBlock(text)
  if (parsed === undefined) throw new Error(`not a block: ${text}`)
  return parsed.block
}

const word = fc.integer({ min: 0, max: 0xffff_ffff })
// Words with many zero bits, so that groups are cut and numbers are short.
const anyWord = fc.oneof(word, fc.constantFrom(0, 1, 0xffff, 0x1_0000, 0xffff_ffff))
const anyAddress = fc
  .oneof(fc.tuple(anyWord), fc.tuple(anyWord, anyWord, anyWord, anyWord))
  .map((words) => addressOfWords(words))
const part = fc.constantFrom('0', '1', '00', '01', '25', '255', '256', '999', '1000', '', 'a', '+1')
const ipv4Like = fc.array(part, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'))
const group = fc.constantFrom('0', '1', 'ffff', 'FfFf', '0db8', '00001', '12345', 'g', '', '', ':')
const ipv6Like = fc
  .tuple(fc.array(group, { minLength: 1, maxLength: 9 }), fc.option(ipv4Like), fc.boolean())
  .map(([groups, tail, hasZone]) => {
    return [...groups, ...(tail === null ? [] : [tail])].join(':') + (hasZone ? '%eth0' : '')
  })
const characters = fc.string({
  unit: fc.constantFrom(...'0123456789abcF:.%/ -'.split('')),
  maxLength: 50,
})
const nearlyAddress = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  anyAddress.map((one) => one.text),
  ipv4Like,
  ipv6Like,
  characters,
  // A valid one with one character changed, added or dropped.
  fc
    .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(45), fc.nat(1), characters)
    .map(
      ([text, at, drop, other]) => text.slice(0, at) + other.slice(0, 1) + text.slice(at + drop),
    ),
)

/** What node:net thinks, except that its zone ids are looser and tighter in different versions. */
function familyByNode(text: string): 0 | 4 | 6 {
  const bare = text.replace(/%[0-9A-Za-z_.:-]{1,64}$/, '')
  const family = bare.includes('%') ? 0 : isIP(bare)
  if (family === 4) return bare === text ? 4 : 0
  return family === 6 ? 6 : 0
}

describe('parseAddress', () => {
  it('parses IPv4', () => {
    expect(address('10.1.2.3')).toEqual({ family: 4, words: [0x0a01_0203], text: '10.1.2.3' })
    expect(address('255.255.255.255').words).toEqual([0xffff_ffff])
    expect(address('0.0.0.0').words).toEqual([0])
  })

  it('parses IPv6 and prints it as RFC 5952 says', () => {
    const cases = [
      ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
      ['::', '::'],
      ['::1', '::1'],
      ['1::', '1::'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
      ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
      ['::192.168.0.1', '::c0a8:1'],
      ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
      ['fe80::1%eth0', 'fe80::1'],
    ]
    for (const [text = '', canonical] of cases) {
      expect({ text, canonical: address(text).text }).toEqual({ text, canonical })
      expect(address(text).family).toBe(6)
    }
  })

  it('takes an IPv4-mapped address as IPv4, as S10 says', () => {
    const mapped = { family: 4, words: [0x0a01_0203], text: '10.1.2.3' }
    expect(parseAddress('::ffff:10.1.2.3')).toEqual(mapped)
    expect(parseAddress('::FFFF:a01:203')).toEqual(mapped)
    expect(parseAddress('0:0:0:0:0:ffff:10.1.2.3%lo')).toEqual(mapped)
  })

  it.each([
    ['empty', ''],
    ['zero-padded', '010.1.2.3'],
    ['double zero', '10.00.2.3'],
    ['three parts', '10.1.2'],
    ['five parts', '10.1.2.3.4'],
    ['one number', '167838211'],
    ['hexadecimal', '0x0a.1.2.3'],
    ['above 255', '10.1.2.256'],
    ['empty part', '10..2.3'],
    ['trailing dot', '10.1.2.3.'],
    ['leading space', ' 10.1.2.3'],
    ['trailing line end', '10.1.2.3\n'],
    ['a zone id on IPv4', '10.1.2.3%eth0'],
    ['a NUL byte', '10.1.2.3\0'],
    ['digits of another script', '١٠.1.2.3'],
    ['two gaps', '1::2::3'],
    ['three colons', ':::'],
    ['a lone colon', ':'],
    ['a leading colon', ':1:2:3:4:5:6:7'],
    ['a trailing colon', '1:2:3:4:5:6:7:'],
    ['seven groups', '1:2:3:4:5:6:7'],
    ['nine groups', '1:2:3:4:5:6:7:8:9'],
    ['a gap for no group', '1:2:3:4::5:6:7:8'],
    ['a long group', '::00001'],
    ['a letter too far', '::g'],
    ['IPv4 in the middle', '::1.2.3.4:5'],
    ['IPv4 with too many groups', '1:2:3:4:5:6:7:1.2.3.4'],
    ['bad IPv4 at the end', '::1.2.3.04'],
    ['an empty zone id', 'fe80::1%'],
    ['a zone id with a space', 'fe80::1%eth 0'],
    ['an endless zone id', `fe80::1%${'x'.repeat(65)}`],
    ['brackets', '[::1]'],
    ['endless', '1'.repeat(100_000)],
  ])('refuses %s', (_, text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  it('agrees with node:net on what is an address', () => {
    const property = fc.property(nearlyAddress, (text) => {
      const parsed = parseAddress(text)
      const expected = familyByNode(text)
      expect(parsed === undefined ? 0 : 1).toBe(expected === 0 ? 0 : 1)
      if (parsed?.family === 6) expect(expected).toBe(6)
      if (expected === 4) expect(parsed?.text).toBe(text)
    })
    fc.assert(property, { numRuns: 20_000 })
  })

  it('parses its own canonical text to the same address', () => {
    const property = fc.property(anyAddress, (one) => {
      expect(parseAddress(one.text)).toEqual(one)
      expect(isIP(one.text)).toBe(one.family)
    })
    fc.assert(property, { numRuns: 5_000 })
  })

  it('prints IPv6 as the URL standard does, where the two agree', () => {
    const property = fc.property(fc.tuple(anyWord, anyWord, anyWord, anyWord), (words) => {
      const one = addressOfWords(words)
      if (one.family === 6) expect(new URL(`http://[${one.text}]/`).hostname).toBe(`[${one.text}]`)
    })
    fc.assert(property, { numRuns: 5_000 })
  })
})

describe('addressOfClient', () => {
  it('counts a Unix-socket client as 127.0.0.1, as S10 says', () => {
    expect(addressOfClient('unix')).toEqual(address('127.0.0.1'))
    expect(addressOfClient('::ffff:10.0.0.1')?.text).toBe('10.0.0.1')
    expect(addressOfClient('')).toBeUndefined()
  })
})

describe('parseBlock', () => {
  it('takes a bare address as a host block', () => {
    expect(block('10.0.0.1').text).toBe('10.0.0.1/32')
    expect(block('::1').text).toBe('::1/128')
  })

  it('masks host bits off and says so', () => {
    expect(parseBlock('10.1.2.3/8')).toEqual({
      block: { family: 4, words: [0x0a00_0000], prefixLength: 8, text: '10.0.0.0/8' },
      hadHostBits: true,
    })
    expect(parseBlock('10.0.0.0/8')?.hadHostBits).toBe(false)
    expect(parseBlock('255.255.255.255/0')?.block.text).toBe('0.0.0.0/0')
    expect(parseBlock('2001:db8:ffff::1/33')?.block.text).toBe('2001:db8:8000::/33')
    expect(parseBlock('2001:db8::/32')?.hadHostBits).toBe(false)
  })

  it('takes a block of IPv4-mapped addresses as IPv4', () => {
    expect(block('::ffff:10.0.0.0/104').text).toBe('10.0.0.0/8')
    expect(block('::ffff:0:0/96').text).toBe('0.0.0.0/0')
    expect(block('::ffff:10.0.0.1').text).toBe('10.0.0.1/32')
    expect(parseBlock('::ffff:10.0.0.0/95')).toBeUndefined()
    expect(parseBlock('::ffff:10.0.0.0/8')).toBeUndefined()
  })

  it.each(['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/-1', '10.0.0.0/8/8'])(
    'refuses %s',
    (text) => {
      expect(parseBlock(text)).toBeUndefined()
    },
  )

  it.each(['/8', '10.0.0/8', '10.0.0.0/255.0.0.0', '10.0.0.0 /8', '[::]/0', '::ffff:1.2.3.4/129'])(
    'refuses %s',
    (text) => {
      expect(parseBlock(text)).toBeUndefined()
    },
  )
})

describe('blockContains', () => {
  it('compares only the bits of the prefix', () => {
    expect(blockContains(block('10.0.0.0/8'), address('10.255.0.1'))).toBe(true)
    expect(blockContains(block('10.0.0.0/8'), address('11.0.0.0'))).toBe(false)
    expect(blockContains(block('2001:db8::/33'), address('2001:db8:7fff::1'))).toBe(true)
    expect(blockContains(block('2001:db8::/33'), address('2001:db8:8000::'))).toBe(false)
    expect(blockContains(block('::1'), address('::1'))).toBe(true)
    expect(blockContains(block('::1'), address('::2'))).toBe(false)
  })

  it('never lets IPv4 and IPv6 match each other', () => {
    expect(blockContains(block('0.0.0.0/0'), address('::1'))).toBe(false)
    expect(blockContains(block('::/0'), address('10.0.0.1'))).toBe(false)
  })

  it('holds exactly the addresses that share the first bits with its base', () => {
    const bitsOf = (one: Address | Block): string =>
      one.words.map((value) => value.toString(2).padStart(32, '0')).join('')
    const property = fc.property(anyAddress, anyAddress, fc.nat(128), (base, asked, length) => {
      const prefixLength = Math.min(length, base.words.length * 32)
      const made = block(`${base.text}/${prefixLength}`)
      expect(blockContains(made, base)).toBe(true)
      const isShared = bitsOf(asked).startsWith(bitsOf(base).slice(0, prefixLength))
      expect(blockContains(made, asked)).toBe(base.family === asked.family && isShared)
      expect(parseBlock(made.text)).toEqual({ block: made, hadHostBits: false })
    })
    fc.assert(property, { numRuns: 3_000 })
  })
})

describe('parseDecimal', () => {
  it('takes plain digits up to the largest value, and nothing else', () => {
    expect(parseDecimal('0', 10)).toBe(0)
    expect(parseDecimal('65535', 65_535)).toBe(65_535)
    expect(parseDecimal('65536', 65_535)).toBeUndefined()
    for (const text of ['', '00', '01', '+1', '-1', '1.0', '1e3', ' 1', '1 ', '9999999999']) {
      expect(parseDecimal(text, 10_000_000_000)).toBeUndefined()
    }
  })
})
