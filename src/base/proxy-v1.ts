// The text form of the PROXY header (haproxy proxy-protocol 2.1), judged from a beginning of it.

import { parseAddress, parseDecimal } from './address.ts'
import type { AddressPort } from './endpoint.ts'

/**
 * Judgement on the first bytes of a connection; `neededBytes` is how many the next look may want.
 */
export type ProxyScan =
  | { readonly kind: 'more'; readonly neededBytes: number }
  | {
      readonly kind: 'done'
      readonly usedBytes: number
      readonly command: 'local' | 'proxy'
      /** Source, destination; absent when the real addresses count. */
      readonly ends?: readonly [AddressPort, AddressPort]
    }
  | { readonly kind: 'bad'; readonly problem: string }

// proxy-protocol 2.1: the longest line, its CRLF included, has 107 bytes.
const longestLine = 107
const start = 'PROXY '
const protocols = ['TCP4', 'TCP6', 'UNKNOWN'] as const
// What may stand in a field that is still coming in: the longest address has 45 characters.
const addressBeginning = /^[0-9A-Fa-f:.]{0,45}$/
const portBeginning = /^(?:0|[1-9][0-9]{0,4})?$/
const fieldCount = 4
const more: ProxyScan = Object.freeze({ kind: 'more', neededBytes: longestLine })

/** Looks at the beginning of a connection and answers as soon as a byte of it is wrong. */
export function scanProxyV1(bytes: Buffer): ProxyScan {
  const text = bytes.toString('latin1', 0, longestLine)
  const scan = scanLine(text)
  if (scan.kind !== 'more' || text.length < longestLine) return scan
  return bad(`the PROXY line has no end within ${longestLine} bytes`)
}

function scanLine(text: string): ProxyScan {
  if (text.length < start.length) return start.startsWith(text) ? more : bad('not a PROXY line')
  if (!text.startsWith(start)) return bad('not a PROXY line')
  const rest = text.slice(start.length)
  const protocol = protocols.find((name) => rest.startsWith(name))
  if (protocol === undefined) {
    if (protocols.some((name) => name.startsWith(rest))) return more
    return bad('the protocol in the PROXY line is not TCP4, TCP6 or UNKNOWN')
  }
  const after = rest.slice(protocol.length)
  if (protocol === 'UNKNOWN') return scanUnknown(after, text)
  if (after === '') return more
  if (!after.startsWith(' ')) return bad('a space must follow the protocol in the PROXY line')
  return scanFields(protocol, after.slice(1), text)
}

function scanUnknown(after: string, text: string): ProxyScan {
  if (!/^(?:[ \r]|$)/.test(after)) return bad('a space or CRLF must follow UNKNOWN')
  if (/^\r[^\n]/.test(after)) return bad('a CR in the PROXY line is not followed by LF')
  const end = text.indexOf('\r\n')
  return end < 0 ? more : { kind: 'done', usedBytes: end + 2, command: 'proxy' }
}

function scanFields(protocol: 'TCP4' | 'TCP6', body: string, text: string): ProxyScan {
  const end = body.indexOf('\r')
  const fields = (end < 0 ? body : body.slice(0, end)).split(' ')
  if (fields.length > fieldCount) return bad('the PROXY line has too many fields')
  for (const [at, field] of fields.entries()) {
    const isComplete = end >= 0 || at < fields.length - 1
    const problem =
      at < 2 ? checkAddress(protocol, field, isComplete) : checkPort(field, isComplete)
    if (problem !== undefined) return bad(problem)
  }
  if (end < 0) return more
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = fields
  if (fields.length < fieldCount) return bad('the PROXY line has too few fields')
  const lineFeed = body[end + 1]
  if (lineFeed === undefined) return more
  if (lineFeed !== '\n') return bad('a CR in the PROXY line is not followed by LF')
  return {
    kind: 'done',
    usedBytes: text.length - body.length + end + 2,
    command: 'proxy',
    ends: [endOf(source, sourcePort), endOf(destination, destinationPort)],
  }
}

function checkAddress(protocol: 'TCP4' | 'TCP6', field: string, isComplete: boolean) {
  const problem = `an address in the PROXY line is not right for ${protocol}`
  if (!addressBeginning.test(field)) return problem
  if (!isComplete) return undefined
  const address = parseAddress(field)
  if (address === undefined) return problem
  // An IPv4-mapped address is IPv4 for us (SEMANTICS S10), but in text it may stand for either.
  const isRight = protocol === 'TCP4' ? address.family === 4 : field.includes(':')
  return isRight ? undefined : problem
}

function checkPort(field: string, isComplete: boolean) {
  const problem = 'a port in the PROXY line is not a number from 0 to 65535'
  if (!portBeginning.test(field)) return problem
  return isComplete && parseDecimal(field, 65_535) === undefined ? problem : undefined
}

/** The fields have been checked; a default here would be a bug in the checks. */
function endOf(address: string, port: string): AddressPort {
  return { address: parseAddress(address)?.text ?? '', port: parseDecimal(port, 65_535) ?? 0 }
}

function bad(problem: string): ProxyScan {
  return { kind: 'bad', problem }
}
