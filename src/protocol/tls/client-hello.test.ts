// The name in a ClientHello: those of a real client, cut anywhere, and those of an attacker.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { helloOf } from '../../../test/kit/hello-bytes.ts'
import { ClientHelloReader } from './client-hello.ts'
import type { ClientHello } from './client-hello.ts'

/** The answer, and after how many of the chunks it came. */
function read(chunks: readonly Buffer[]): { hello: ClientHello | undefined; count: number } {
  const reader = new ClientHelloReader()
  for (const [index, chunk] of chunks.entries()) {
    const hello = reader.push(chunk)
    if (hello === undefined) continue
    expect(reader.bytes()).toEqual(Buffer.concat(chunks.slice(0, index + 1)))
    return { hello, count: index + 1 }
  }
  return { hello: undefined, count: chunks.length }
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % bytes.length), bytes.length].toSorted(
    (a, b) => a - b,
  )
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}

/** A ClientHello with one extension, in records of a length. */
function forged(extension: Buffer, recordBytes = 16_384): Buffer {
  const body = Buffer.concat([
    Buffer.alloc(34),
    Buffer.from([0, 0, 2, 0x13, 0x01, 1, 0]),
    sized(extension, 2),
  ])
  const message = Buffer.concat([Buffer.from([1]), sized(body, 3)])
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += recordBytes) {
    const part = message.subarray(at, at + recordBytes)
    records.push(Buffer.concat([Buffer.from([22, 3, 1]), sized(part, 2)]))
  }
  return Buffer.concat(records)
}

function sized(bytes: Buffer, size: number): Buffer {
  const length = Buffer.alloc(size)
  length.writeUIntBE(bytes.length, 0, size)
  return Buffer.concat([length, bytes])
}

function nameExtension(name: string, type = 0): Buffer {
  const entry = Buffer.concat([Buffer.from([type]), sized(Buffer.from(name, 'latin1'), 2)])
  return Buffer.concat([Buffer.from([0, 0]), sized(sized(entry, 2), 2)])
}

describe('a ClientHello', () => {
  it('of a real client tells its name in lower case, wherever it is cut', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const bytes = await helloOf({ servername: 'Imap.Example.ORG', maxVersion })
      fc.assert(
        fc.property(fc.array(fc.nat(), { maxLength: 6 }), (places) => {
          const { hello } = read(cut(bytes, places))
          expect(hello).toEqual({ serverName: 'imap.example.org' })
        }),
      )
      expect(read(Array.from(bytes, (byte) => Buffer.from([byte]))).count).toBe(bytes.length)
    }
  })

  it('without a name has none', async () => {
    expect(read([await helloOf({})]).hello).toEqual({})
  })

  it('is read over as many records as it takes', () => {
    for (const recordBytes of [1, 7, 50]) {
      const bytes = forged(nameExtension('a.example'), recordBytes)
      expect(read([bytes]).hello).toEqual({ serverName: 'a.example' })
    }
  })

  it('keeps names out that are none, and names of another type', () => {
    for (const name of ['a b', 'a\0.example', '', 'x'.repeat(254), '../x', 'a\r\nb']) {
      expect(read([forged(nameExtension(name))]).hello).toEqual({})
    }
    expect(read([forged(nameExtension('a.example', 1))]).hello).toEqual({})
  })

  it('that is none is known by its first bytes', () => {
    for (const text of ['EHLO me\r\n', 'a LOGIN u p\r\n', '\u0016\u0002\u0001\u0000\u0005hello']) {
      expect(read([Buffer.from(text, 'latin1')]).hello).toEqual({})
    }
    expect(read([Buffer.from([22, 3, 1, 0, 0])]).hello).toEqual({})
    expect(read([Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])]).hello).toEqual({})
  })

  it('that never ends is given up after 16 KiB', () => {
    const endless = forged(Buffer.alloc(40_000), 1000)
    const { hello, count } = read(
      cut(
        endless,
        Array.from({ length: 400 }, (_, i) => i * 100),
      ),
    )
    expect(hello).toEqual({})
    expect(count).toBeLessThan(170)
  })

  it('of random bytes, or with random bytes inside, is read without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, isInside) => {
        const bytes = isInside ? forged(Buffer.from(noise)) : Buffer.from(noise)
        const { hello } = read([bytes])
        if (isInside) expect(hello).toBeDefined()
      }),
    )
  })
})
