// The PROXY protocol (haproxy proxy-protocol): reads a header as it comes in, builds one.

import { parseAddress } from './address.ts'
import { assert } from './assert.ts'
import { scanProxyV1 } from './proxy-v1.ts'
import {
  checksumOf,
  crcBytes,
  proxyV2HeaderBytes,
  proxyV2Signature,
  scanProxyV2,
  tcpOverIpv4,
  tcpOverIpv6,
  tlvTypeCrc,
} from './proxy-v2.ts'
import type { Address } from './address.ts'
import type { AddressPort } from './endpoint.ts'
import type { ProxyScan } from './proxy-v1.ts'

/**
 * A PROXY header. Without `source` the connection's real address counts: the header was LOCAL or
 * UNKNOWN, or named something else than TCP over IP (SEMANTICS S12).
 */
export interface ProxyHeader {
  readonly version: 1 | 2
  readonly command: 'local' | 'proxy'
  readonly source?: AddressPort
  readonly destination?: AddressPort
}

/**
 * After `done`, `rest` are the client's own first bytes. After `bad` the connection is of no use.
 */
export type ProxyParse =
  | { readonly kind: 'more' }
  | { readonly kind: 'done'; readonly header: ProxyHeader; readonly rest: Buffer }
  | { readonly kind: 'bad'; readonly problem: string }

// The two versions differ in their first byte: "PROXY" and CR LF CR LF.
const firstByteOfV1 = 0x50
// Version 2 in the high half of the byte, the command in the low one.
const commandLocal = 0x20
const commandProxy = 0x21
const noBytes: Buffer = Buffer.alloc(0)
const more: ProxyParse = Object.freeze({ kind: 'more' })

/**
 * Reads one header, version 1 or 2, pushed in pieces of any size, and answers `bad` at the first
 * byte that cannot be right. It holds at most 107 bytes of a version 1 line and 4,112 bytes of a
 * version 2 header, and nothing once it has answered.
 *
 * @example
 * const parser = new ProxyHeaderParser()
 * const parse = parser.push(Buffer.from('PROXY TCP4 10.1.2.3 10.0.0.1 4000 25\r\nEHLO x\r\n'))
 * // parse.header.source is { address: '10.1.2.3', port: 4000 }, parse.rest is 'EHLO x\r\n'
 */
export class ProxyHeaderParser {
  /** Storage; the first `#heldBytes` of it are the header so far. */
  #held = noBytes
  #heldBytes = 0
  #outcome: ProxyParse = more

  /** Adds bytes. Not to be called after `done`; after `bad` it repeats itself. */
  push(chunk: Buffer): ProxyParse {
    assert(this.#outcome.kind !== 'done', 'a PROXY header is read once')
    if (this.#outcome.kind !== 'bad' && chunk.length > 0) this.#outcome = this.#read(chunk)
    return this.#outcome
  }

  #read(chunk: Buffer): ProxyParse {
    if (this.#heldBytes === 0) {
      // Most headers come in one piece, which needs no storage.
      const scan = scanHeader(chunk)
      if (scan.kind !== 'more') return this.#conclude(scan, chunk, 0)
      this.#reserve(scan.neededBytes)
    }
    let at = 0
    while (at < chunk.length) {
      const copiedBytes = chunk.copy(this.#held, this.#heldBytes, at)
      this.#heldBytes += copiedBytes
      at += copiedBytes
      const scan = scanHeader(this.#held.subarray(0, this.#heldBytes))
      if (scan.kind !== 'more') return this.#conclude(scan, chunk, at - this.#heldBytes)
      // It wants more than is held, so the next round copies at least one byte.
      this.#reserve(scan.neededBytes)
    }
    return more
  }

  #reserve(neededBytes: number): void {
    if (this.#held.length >= neededBytes) return
    const grown = Buffer.alloc(neededBytes)
    this.#held.copy(grown, 0, 0, this.#heldBytes)
    this.#held = grown
  }

  /** `startAt` is where the header begins, counted from the chunk's first byte: 0 or before it. */
  #conclude(
    scan: Exclude<ProxyScan, { kind: 'more' }>,
    chunk: Buffer,
    startAt: number,
  ): ProxyParse {
    const version = versionOf((this.#heldBytes === 0 ? chunk : this.#held)[0])
    this.#held = noBytes
    this.#heldBytes = 0
    if (scan.kind === 'bad') return scan
    const rest = chunk.subarray(startAt + scan.usedBytes)
    if (scan.ends === undefined) {
      return { kind: 'done', header: { version, command: scan.command }, rest }
    }
    const [source, destination] = scan.ends
    return { kind: 'done', header: { version, command: scan.command, source, destination }, rest }
  }
}

/**
 * A version 1 header. An IPv4 end beside an IPv6 one is written as IPv4-mapped.
 *
 * @example
 * buildProxyV1({ address: '10.1.2.3', port: 4000 }, { address: '10.0.0.1', port: 25 })
 * // PROXY TCP4 10.1.2.3 10.0.0.1 4000 25
 */
export function buildProxyV1(source: AddressPort, destination: AddressPort): Buffer {
  const [from, to] = [addressOf(source), addressOf(destination)]
  const isIpv4 = from.family === 4 && to.family === 4
  const [fromText, toText] = [from, to].map(({ family, text }) =>
    family === 4 && !isIpv4 ? `::ffff:${text}` : text,
  )
  const protocol = isIpv4 ? 'TCP4' : 'TCP6'
  const line = `PROXY ${protocol} ${fromText} ${toText} ${source.port} ${destination.port}\r\n`
  return Buffer.from(line, 'latin1')
}

/** A version 2 header, with a CRC-32C when asked for. Mixed ends as in `buildProxyV1`. */
export function buildProxyV2(
  source: AddressPort,
  destination: AddressPort,
  options: { readonly withCrc?: boolean } = {},
): Buffer {
  const [from, to] = [addressOf(source), addressOf(destination)]
  const isIpv4 = from.family === 4 && to.family === 4
  const words = [from, to].flatMap((end) =>
    end.family === 4 && !isIpv4 ? [0, 0, 0xffff, ...end.words] : end.words,
  )
  const portsAt = proxyV2HeaderBytes + words.length * 4
  const tlvAt = portsAt + 4
  const total = tlvAt + (options.withCrc === true ? 3 + crcBytes : 0)
  const header = Buffer.alloc(total)
  proxyV2Signature.copy(header)
  header.writeUInt8(commandProxy, 12)
  header.writeUInt8(isIpv4 ? tcpOverIpv4 : tcpOverIpv6, 13)
  header.writeUInt16BE(total - proxyV2HeaderBytes, 14)
  for (const [at, word] of words.entries()) {
    header.writeUInt32BE(word, proxyV2HeaderBytes + at * 4)
  }
  header.writeUInt16BE(source.port, portsAt)
  header.writeUInt16BE(destination.port, portsAt + 2)
  if (options.withCrc !== true) return header
  header.writeUInt8(tlvTypeCrc, tlvAt)
  header.writeUInt16BE(crcBytes, tlvAt + 1)
  header.writeUInt32BE(checksumOf(header, tlvAt + 3), tlvAt + 3)
  return header
}

/** A version 2 header that says: this connection is the sender's own, take its real address. */
export function buildProxyV2Local(): Buffer {
  return Buffer.concat([proxyV2Signature, Buffer.from([commandLocal, 0, 0, 0])])
}

function scanHeader(bytes: Buffer): ProxyScan {
  return versionOf(bytes[0]) === 1 ? scanProxyV1(bytes) : scanProxyV2(bytes)
}

function versionOf(firstByte: number | undefined): 1 | 2 {
  return firstByte === firstByteOfV1 ? 1 : 2
}

/** Ends come from sockets and parsed headers, so anything but an address and a port is our bug. */
function addressOf({ address, port }: AddressPort): Address {
  const parsed = parseAddress(address)
  assert(parsed !== undefined, 'an end of a PROXY header is an IP address')
  assert(Number.isInteger(port) && port >= 0 && port <= 65_535, 'and a port')
  return parsed
}
