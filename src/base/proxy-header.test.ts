// The PROXY header: what is accepted, what is refused and how early, and what is sent.

import { describe, expect, it } from 'vitest'
import { ProxyHeaderParser, buildProxyV1, buildProxyV2, buildProxyV2Local } from './proxy-header.ts'
import type { ProxyParse } from './proxy-header.ts'

const client = { address: '10.1.2.3', port: 4000 }
const server = { address: '10.0.0.1', port: 25 }
const client6 = { address: '2001:db8::1', port: 4000 }
const server6 = { address: '2001:db8::2', port: 25 }

function parse(bytes: Uint8Array | string): ProxyParse {
  const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes)
  return new ProxyHeaderParser().push(buffer)
}

function problemOf(bytes: Uint8Array | string): string | undefined {
  const result = parse(bytes)
  return result.kind === 'bad' ? result.problem : undefined
}

/** A version 2 header around any block. */
function v2(block: Buffer, { command = 0x21, family = 0x11, length = block.length } = {}): Buffer {
  const start = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
  return Buffer.concat([start, Buffer.from([command, family, length >> 8, length & 255]), block])
}

function tlv(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value])
}

const ipv4Block = Buffer.from([10, 1, 2, 3, 10, 0, 0, 1, 0x0f, 0xa0, 0, 25])
const done4 = {
  kind: 'done',
  header: { version: 2, command: 'proxy', source: client, destination: server },
  rest: Buffer.alloc(0),
}

describe('PROXY version 1', () => {
  it('gives both ends, and the bytes that follow', () => {
    expect(parse('PROXY TCP4 10.1.2.3 10.0.0.1 4000 25\r\nEHLO x\r\n')).toEqual({
      kind: 'done',
      header: { version: 1, command: 'proxy', source: client, destination: server },
      rest: Buffer.from('EHLO x\r\n'),
    })
    expect(parse('PROXY TCP6 2001:DB8:0::1 2001:db8::2 4000 25\r\n')).toMatchObject({
      header: { source: client6, destination: server6 },
    })
    expect(parse('PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n')).toMatchObject({
      header: { source: { port: 0 }, destination: { port: 65_535 } },
    })
  })

  it('takes an IPv4-mapped address as IPv4, as S10 says', () => {
    const expected = { header: { source: client, destination: server6 } }
    expect(parse('PROXY TCP6 ::ffff:10.1.2.3 2001:db8::2 4000 25\r\n')).toMatchObject(expected)
    const both = { header: { source: client, destination: server } }
    expect(parse('PROXY TCP4 ::ffff:10.1.2.3 10.0.0.1 4000 25\r\n')).toMatchObject(both)
  })

  it('keeps the real address for UNKNOWN, whatever the line goes on with', () => {
    const header = { version: 1, command: 'proxy' }
    const unknown = { kind: 'done', header, rest: Buffer.from('x') }
    expect(parse('PROXY UNKNOWN\r\nx')).toEqual(unknown)
    expect(parse('PROXY UNKNOWN ffff::1 ::2 1 2\r\nx')).toEqual(unknown)
    expect(parse('PROXY UNKNOWN \0\rany\nthing\xff\r\nx')).toEqual(unknown)
  })

  it.each([
    ['a client that just talks', 'EHLO mail.example\r\n'],
    ['lower case', 'proxy TCP4 10.1.2.3 10.0.0.1 4000 25\r\n'],
    ['another protocol', 'PROXY UDP4 10.1.2.3 10.0.0.1 4000 25\r\n'],
    ['no space after the protocol', 'PROXY TCP4\t10.1.2.3 10.0.0.1 4000 25\r\n'],
    ['nothing after the protocol', 'PROXY TCP4\r\n'],
    ['two spaces', 'PROXY TCP4  10.1.2.3 10.0.0.1 4000 25\r\n'],
    ['a space at the end', 'PROXY TCP4 10.1.2.3 10.0.0.1 4000 25 \r\n'],
    ['a missing port', 'PROXY TCP4 10.1.2.3 10.0.0.1 4000\r\n'],
    ['IPv6 as TCP4', 'PROXY TCP4 2001:db8::1 2001:db8::2 4000 25\r\n'],
    ['IPv4 as TCP6', 'PROXY TCP6 10.1.2.3 10.0.0.1 4000 25\r\n'],
    ['a zero-padded address', 'PROXY TCP4 010.1.2.3 10.0.0.1 4000 25\r\n'],
    ['a zone id', 'PROXY TCP6 fe80::1%eth0 fe80::2 4000 25\r\n'],
    ['a zero-padded port', 'PROXY TCP4 10.1.2.3 10.0.0.1 04000 25\r\n'],
    ['a port above 65535', 'PROXY TCP4 10.1.2.3 10.0.0.1 65536 25\r\n'],
    ['an empty port', 'PROXY TCP4 10.1.2.3 10.0.0.1 4000 \r\n'],
    ['a signed port', 'PROXY TCP4 10.1.2.3 10.0.0.1 +400 25\r\n'],
    ['LF alone', 'PROXY TCP4 10.1.2.3 10.0.0.1 4000 25\n'],
    ['CR without LF', 'PROXY TCP4 10.1.2.3 10.0.0.1 4000 25\rX'],
    ['UNKNOWN without a space', 'PROXY UNKNOWNX\r\n'],
    ['UNKNOWN with CR without LF', 'PROXY UNKNOWN\rX\r\n'],
  ])('refuses %s', (_, line) => {
    expect(problemOf(line)).toMatch(/PROXY|UNKNOWN/)
  })

  it('takes a line of 107 bytes and refuses a longer one as soon as it is one', () => {
    const start = 'PROXY UNKNOWN '
    const longest = `${start}${'x'.repeat(105 - start.length)}\r\n`
    expect(parse(longest).kind).toBe('done')
    expect(parse(`${start}${'x'.repeat(106 - start.length)}`).kind).toBe('more')
    expect(problemOf(`${start}${'x'.repeat(106 - start.length)}\r\n`)).toContain('107 bytes')
    expect(problemOf(`${start}${'x'.repeat(107 - start.length)}`)).toContain('107 bytes')
  })

  it('refuses at the first wrong byte, before the line is complete', () => {
    expect(parse('PROXY ').kind).toBe('more')
    for (const beginning of [
      'E',
      'PRX',
      'PROXY X',
      'PROXY TCP5',
      'PROXY TCP4 x',
      'PROXY TCP4 1.2 ',
    ]) {
      expect({ beginning, kind: parse(beginning).kind }).toEqual({ beginning, kind: 'bad' })
    }
    expect(parse('PROXY TCP4 1.2.3.4 1.2.3.4 0').kind).toBe('more')
    expect(parse('PROXY TCP4 1.2.3.4 1.2.3.4 00').kind).toBe('bad')
    expect(parse('PROXY TCP4 1.2.3.4 1.2.3.4 1 2 ').kind).toBe('bad')
  })
})

describe('PROXY version 2', () => {
  it('gives both ends, and the bytes that follow', () => {
    expect(parse(v2(ipv4Block))).toEqual(done4)
    expect(parse(Buffer.concat([v2(ipv4Block), Buffer.from('EHLO')]))).toEqual({
      ...done4,
      rest: Buffer.from('EHLO'),
    })
  })

  it('parses the IPv6 form, and takes IPv4-mapped ends as IPv4', () => {
    const block = Buffer.concat([
      Buffer.from('20010db8000000000000000000000001', 'hex'),
      Buffer.from('00000000000000000000ffff0a000001', 'hex'),
      Buffer.from([0x0f, 0xa0, 0, 25]),
    ])
    expect(parse(v2(block, { family: 0x21 }))).toMatchObject({
      kind: 'done',
      header: { source: client6, destination: server },
    })
  })

  it('keeps the real address for LOCAL, and does not look into its block', () => {
    const header = { version: 2, command: 'local' }
    const local = { kind: 'done', header, rest: Buffer.alloc(0) }
    expect(parse(buildProxyV2Local())).toEqual(local)
    expect(parse(v2(Buffer.from('junk'), { command: 0x20, family: 0xff }))).toEqual(local)
  })

  it.each([
    ['unspecified', 0x00, 0],
    ['UDP over IPv4', 0x12, 12],
    ['UDP over IPv6', 0x22, 36],
    ['a Unix stream', 0x31, 216],
    ['a Unix datagram', 0x32, 216],
  ])('keeps the real address for %s', (_, family, length) => {
    const header = { version: 2, command: 'proxy' }
    const kept = { kind: 'done', header, rest: Buffer.alloc(0) }
    expect(parse(v2(Buffer.alloc(length), { family }))).toEqual(kept)
  })

  it('steps over TLVs of any type', () => {
    const tlvs = [tlv(0x02, Buffer.from('mail.example')), tlv(0x04, Buffer.alloc(0))]
    expect(parse(v2(Buffer.concat([ipv4Block, ...tlvs])))).toEqual(done4)
  })

  it('takes a right checksum and refuses a wrong one', () => {
    const header = buildProxyV2(client, server, { withCrc: true })
    expect(parse(header)).toEqual(done4)
    // The checksum covers every byte, so a flipped bit in any address must show.
    for (let at = 16; at < 28; at += 1) {
      const flipped = Buffer.from(header)
      flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at)
      expect(problemOf(flipped)).toContain('checksum in the PROXY header is wrong')
    }
  })

  it('writes and accepts the checksum that another implementation computed', () => {
    const block = Buffer.concat([ipv4Block, tlv(3, Buffer.from('ce6eddd4', 'hex'))])
    expect(parse(v2(block))).toEqual(done4)
    expect(buildProxyV2(client, server, { withCrc: true })).toEqual(v2(block))
  })

  it.each([
    ['a wrong signature', Buffer.from('\r\n\r\n\0\r\nQUIX\n', 'latin1')],
    ['version 1 in the binary form', v2(ipv4Block, { command: 0x11 })],
    ['an unknown command', v2(ipv4Block, { command: 0x22 })],
    ['an unknown family', v2(ipv4Block, { family: 0x41 })],
    ['an unknown transport', v2(ipv4Block, { family: 0x13 })],
    ['too short a block for IPv4', v2(ipv4Block.subarray(1))],
    ['too short a block for IPv6', v2(Buffer.alloc(35), { family: 0x21 })],
    ['too short a block for Unix', v2(Buffer.alloc(215), { family: 0x31 })],
    ['a TLV that is cut in its header', v2(Buffer.concat([ipv4Block, Buffer.from([1, 0])]))],
    ['a TLV longer than the rest', v2(Buffer.concat([ipv4Block, Buffer.from([1, 0, 2, 0])]))],
    ['a checksum of three bytes', v2(Buffer.concat([ipv4Block, tlv(3, Buffer.alloc(3))]))],
  ])('refuses %s', (_, bytes) => {
    expect(problemOf(bytes)).toMatch(/PROXY/)
  })

  it('refuses a second checksum', () => {
    const once = buildProxyV2(client, server, { withCrc: true })
    const block = Buffer.concat([once.subarray(16), tlv(3, Buffer.alloc(4))])
    expect(problemOf(v2(block))).toMatch(/checksum/)
  })

  it('takes a block of 4096 bytes and refuses a longer one at its length', () => {
    const filling = tlv(0x04, Buffer.alloc(4096 - 12 - 3))
    expect(parse(v2(Buffer.concat([ipv4Block, filling])))).toEqual(done4)
    expect(problemOf(v2(Buffer.alloc(0), { length: 4097 }))).toContain('longer than 4096')
  })

  it('refuses at the first wrong byte, before the header is complete', () => {
    const whole = v2(ipv4Block)
    expect(parse(whole.subarray(0, 27)).kind).toBe('more')
    expect(parse(Buffer.from('\r\nX')).kind).toBe('bad')
    expect(parse(v2(ipv4Block, { command: 0x31 }).subarray(0, 13)).kind).toBe('bad')
    expect(parse(v2(ipv4Block, { family: 0x51 }).subarray(0, 14)).kind).toBe('bad')
    expect(parse(v2(ipv4Block, { length: 11 }).subarray(0, 16)).kind).toBe('bad')
  })
})

describe('ProxyHeaderParser', () => {
  it('waits while nothing has come, and repeats a bad outcome', () => {
    const parser = new ProxyHeaderParser()
    expect(parser.push(Buffer.alloc(0))).toEqual({ kind: 'more' })
    const bad = parser.push(Buffer.from('QUIT\r\n'))
    expect(bad.kind).toBe('bad')
    expect(parser.push(Buffer.from('PROXY UNKNOWN\r\n'))).toEqual(bad)
  })

  it('is not to be used again after the header', () => {
    const parser = new ProxyHeaderParser()
    expect(parser.push(Buffer.from('PROXY UNKNOWN\r\n')).kind).toBe('done')
    expect(() => parser.push(Buffer.from('x'))).toThrow('read once')
  })

  it('separates header and client bytes when a piece holds the end of one and the start of the other', () => {
    for (const header of [buildProxyV1(client, server), buildProxyV2(client, server)]) {
      const parser = new ProxyHeaderParser()
      expect(parser.push(header.subarray(0, 20)).kind).toBe('more')
      const tail = Buffer.concat([header.subarray(20), Buffer.alloc(5_000, 'x')])
      const result = parser.push(tail)
      expect(result).toMatchObject({ kind: 'done', rest: Buffer.alloc(5_000, 'x') })
    }
  })
})

describe('the builders', () => {
  it('write the exact bytes', () => {
    expect(buildProxyV1(client, server).toString()).toBe('PROXY TCP4 10.1.2.3 10.0.0.1 4000 25\r\n')
    expect(buildProxyV1(client6, server6).toString()).toBe(
      'PROXY TCP6 2001:db8::1 2001:db8::2 4000 25\r\n',
    )
    expect(buildProxyV2(client, server)).toEqual(v2(ipv4Block))
    expect(buildProxyV2Local().toString('hex')).toBe('0d0a0d0a000d0a515549540a20000000')
  })

  it('write mixed ends as IPv6, with the IPv4 one mapped', () => {
    expect(buildProxyV1(client, server6).toString()).toBe(
      'PROXY TCP6 ::ffff:10.1.2.3 2001:db8::2 4000 25\r\n',
    )
    const mixed = buildProxyV2(client6, server)
    expect(mixed.readUInt8(13)).toBe(0x21)
    expect(mixed.subarray(32, 48).toString('hex')).toBe('00000000000000000000ffff0a000001')
  })

  it('refuse ends that are not an address and a port', () => {
    expect(() => buildProxyV1({ address: 'mail.example', port: 1 }, server)).toThrow('IP address')
    expect(() => buildProxyV2({ address: '10.1.2.3', port: 65_536 }, server)).toThrow('port')
  })
})
