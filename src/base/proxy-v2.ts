// The binary form of the PROXY header (haproxy proxy-protocol 2.2), judged from a beginning of it.

import { addressOfWords } from './address.ts'
import { crc32c } from './crc32c.ts'
import type { AddressPort } from './endpoint.ts'
import type { ProxyScan } from './proxy-v1.ts'

/** The twelve bytes that no mail client begins with. */
export const proxyV2Signature: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Signature, version and command, family and transport, length of what follows. */
export const proxyV2HeaderBytes = 16
/** PP2_TYPE_CRC32C. */
export const tlvTypeCrc = 0x03
export const crcBytes = 4
/** Family and transport in one byte. */
export const tcpOverIpv4 = 0x11
export const tcpOverIpv6 = 0x21

// The addresses take at most 216 bytes; what else comes in practice (ALPN, host name, TLS facts,
// cloud identifiers) a few hundred, a client certificate some 2,000. The format would allow 65,535,
// which every connection could make us hold before we know who it is.
const longestBlock = 4096
// Two addresses and two ports for IPv4 and IPv6, two socket paths for Unix.
const addressBytesOf = [0, 12, 36, 216] as const
const familyUnix = 3
const transportDatagram = 2
const tlvHeaderBytes = 3

/** Looks at the beginning of a connection and answers as soon as a byte of it is wrong. */
export function scanProxyV2(bytes: Buffer): ProxyScan {
  const shared = Math.min(bytes.length, proxyV2Signature.length)
  if (bytes.compare(proxyV2Signature, 0, shared, 0, shared) !== 0) {
    return bad('not a PROXY v2 signature')
  }
  const versionAndCommand = bytes[12] ?? 0x20
  if (versionAndCommand >>> 4 !== 2) return bad('the PROXY header has an unknown version')
  const command = versionAndCommand & 15
  if (command > 1) return bad('the PROXY header has an unknown command')
  // LOCAL: the block that follows is discarded, its family ignored.
  const family = command === 0 ? 0 : (bytes[13] ?? 0)
  if (family >>> 4 > familyUnix || (family & 15) > transportDatagram) {
    return bad('the PROXY header has an unknown address family or transport')
  }
  if (bytes.length < proxyV2HeaderBytes) return { kind: 'more', neededBytes: proxyV2HeaderBytes }
  const blockBytes = bytes.readUInt16BE(14)
  if (blockBytes > longestBlock) return bad(`the PROXY header is longer than ${longestBlock} bytes`)
  if (blockBytes < addressBytes(family))
    return bad('the PROXY header is too short for its addresses')
  const total = proxyV2HeaderBytes + blockBytes
  if (bytes.length < total) return { kind: 'more', neededBytes: total }
  if (command === 0) return { kind: 'done', usedBytes: total, command: 'local' }
  return judgeComplete(bytes.subarray(0, total), family)
}

function judgeComplete(header: Buffer, family: number): ProxyScan {
  const problem = problemOfTlvs(header, proxyV2HeaderBytes + addressBytes(family))
  if (problem !== undefined) return bad(problem)
  const ends = endsOf(header, family)
  const usedBytes = header.length
  if (ends === undefined) return { kind: 'done', usedBytes, command: 'proxy' }
  return { kind: 'done', usedBytes, command: 'proxy', ends }
}

function addressBytes(family: number): number {
  return addressBytesOf[family >>> 4] ?? 0
}

/** Steps over every type-length-value after the addresses; only a checksum is looked into. */
function problemOfTlvs(header: Buffer, from: number): string | undefined {
  let at = from
  let hasCrc = false
  while (at < header.length) {
    if (at + tlvHeaderBytes > header.length) return 'the PROXY header ends inside a TLV'
    const type = header[at]
    const length = header.readUInt16BE(at + 1)
    at += tlvHeaderBytes
    if (at + length > header.length) return 'a TLV is longer than the PROXY header'
    if (type === tlvTypeCrc) {
      if (hasCrc) return 'the PROXY header has two checksums'
      hasCrc = true
      if (length !== crcBytes) return 'the checksum in the PROXY header has a wrong length'
      if (checksumOf(header, at) !== header.readUInt32BE(at)) {
        return 'the checksum in the PROXY header is wrong'
      }
    }
    at += length
  }
  return undefined
}

/** CRC-32C of a whole header, the checksum's own four bytes taken as zero. */
export function checksumOf(header: Buffer, checksumAt: number): number {
  const zeroed = Buffer.from(header)
  zeroed.fill(0, checksumAt, checksumAt + crcBytes)
  return crc32c(zeroed)
}

/** Only TCP has ends of use to us; a Unix socket or a datagram keeps the real addresses. */
function endsOf(header: Buffer, family: number): [AddressPort, AddressPort] | undefined {
  if (family !== tcpOverIpv4 && family !== tcpOverIpv6) return undefined
  const wordCount = family === tcpOverIpv4 ? 1 : 4
  const portsAt = proxyV2HeaderBytes + wordCount * 8
  const endAt = (end: 0 | 1): AddressPort => {
    const words = Array.from({ length: wordCount }, (_, at) =>
      header.readUInt32BE(proxyV2HeaderBytes + (end * wordCount + at) * 4),
    )
    return { address: addressOfWords(words).text, port: header.readUInt16BE(portsAt + end * 2) }
  }
  return [endAt(0), endAt(1)]
}

function bad(problem: string): ProxyScan {
  return { kind: 'bad', problem }
}
