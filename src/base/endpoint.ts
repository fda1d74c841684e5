// Listening endpoints and upstream addresses as configurations write them: parse and normalise.

import { parseAddress, parseDecimal } from './address.ts'
import type { Endpoint } from './address.ts'

/** What `parseEndpoint` answers; `problem` is a sentence for the operator. */
export type EndpointResult = { readonly endpoint: Endpoint } | { readonly problem: string }

/** One address to connect to. */
type HostPort =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** One end of a TCP connection; `address` is the canonical text of an IP address. */
export interface AddressPort {
  readonly address: string
  readonly port: number
}

/** What `parseHostPort` answers; `problem` is a sentence for the operator. */
type HostPortResult = { readonly address: HostPort } | { readonly problem: string }

interface Split {
  readonly host: string
  readonly isBracketed: boolean
  readonly port: string
}

type SplitResult = { readonly split: Split } | { readonly problem: string }

// sun_path has 108 bytes on Linux, of which the last one ends the string.
const longestSocketPath = 107
const largestPort = 65_535
// RFC 1035: 253 characters in a printed name, 63 in a label.
const longestName = 253
const labelPattern = /^[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?$/

/**
 * Parses the instance name of a Listen (momentum 1.6): `:25`, `*:25`, `127.0.0.1:25`, `[*]:25`,
 * `[::1]:25`, `/run/mail.sock` or `unix:run/mail.sock`. Port 0 lets the kernel choose.
 *
 * @example
 * parseEndpoint(':25') // { endpoint: { kind: 'tcp', host: '*', port: 25, text: '*:25' } }
 */
export function parseEndpoint(text: string): EndpointResult {
  if (text.startsWith('/') || text.startsWith('unix:')) {
    const path = text.startsWith('/') ? text : text.slice('unix:'.length)
    const problem = problemOfPath(path)
    if (problem !== undefined) return { problem }
    // A path from the prefix has no other mark that it is one.
    return { endpoint: { kind: 'unix', path, text: path.startsWith('/') ? path : `unix:${path}` } }
  }
  const result = splitHostPort(text)
  if ('problem' in result) return result
  const { split } = result
  const port = parseDecimal(split.port, largestPort)
  if (port === undefined) return { problem: problemOfPort(split.port, 0) }
  const host = hostToBind(split)
  if (host === undefined) return { problem: problemOfBindHost(split) }
  const shown = host.includes(':') ? `[${host}]` : host
  return { endpoint: { kind: 'tcp', host, port, text: `${shown}:${port}` } }
}

/**
 * Parses the address of an upstream: `host:port`, `[2001:db8::1]:25`, `/run/mail.sock` or
 * `unix:run/mail.sock`. The host may be a name; it is resolved when it is connected to.
 *
 * @example
 * parseHostPort('mail.example:25') // { address: { kind: 'tcp', host: 'mail.example', port: 25 } }
 */
export function parseHostPort(text: string): HostPortResult {
  if (text.startsWith('/') || text.startsWith('unix:')) {
    const path = text.startsWith('/') ? text : text.slice('unix:'.length)
    const problem = problemOfPath(path)
    return problem === undefined ? { address: { kind: 'unix', path } } : { problem }
  }
  const result = splitHostPort(text)
  if ('problem' in result) return result
  const { split } = result
  const port = parseDecimal(split.port, largestPort)
  if (port === undefined || port === 0) return { problem: problemOfPort(split.port, 1) }
  const host = split.isBracketed ? canonicalIpv6(split.host) : canonicalHost(split.host)
  if (host === undefined) return { problem: problemOfUpstreamHost(split) }
  return { address: { kind: 'tcp', host, port } }
}

function splitHostPort(text: string): SplitResult {
  if (text.startsWith('[')) return splitBracketed(text)
  const colon = text.lastIndexOf(':')
  if (colon < 0) return { problem: problemWithoutColon(text) }
  const host = text.slice(0, colon)
  const port = text.slice(colon + 1)
  if (!host.includes(':')) return { split: { host, isBracketed: false, port } }
  if (parseAddress(host) !== undefined) return { problem: bracketsNeeded(`[${host}]:${port}`) }
  if (parseAddress(text) !== undefined) return { problem: bracketsNeeded(`[${text}]:25`) }
  return {
    problem: `"${text}" has more than one colon; write "host:port" or "[IPv6 address]:port".`,
  }
}

function splitBracketed(text: string): SplitResult {
  const close = text.indexOf(']')
  if (close < 0) {
    return { problem: `The bracket in "${text}" is not closed; write "[IPv6 address]:port".` }
  }
  const host = text.slice(1, close)
  if (close === text.length - 1) {
    return { problem: `"${text}" lacks a port; write it after a colon, as in "[${host}]:25".` }
  }
  if (text[close + 1] !== ':') {
    return { problem: `After the bracket in "${text}" a colon and a port must follow.` }
  }
  return { split: { host, isBracketed: true, port: text.slice(close + 2) } }
}

function hostToBind({ host, isBracketed }: Split): string | undefined {
  if (isBracketed) return host === '*' ? '::' : canonicalIpv6(host)
  if (host === '' || host === '*') return '*'
  return parseAddress(host)?.text
}

/**
 * Canonical text of what stands in brackets. A zone id is kept: link-local needs it to be reached.
 */
function canonicalIpv6(host: string): string | undefined {
  if (!host.includes(':')) return undefined
  const address = parseAddress(host)
  if (address === undefined) return undefined
  const percent = host.indexOf('%')
  return percent < 0 || address.family === 4 ? address.text : address.text + host.slice(percent)
}

function canonicalHost(host: string): string | undefined {
  const address = parseAddress(host)
  if (address !== undefined) return address.text
  if (host.length > longestName) return undefined
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  const labels = name.split('.')
  if (!labels.every((label) => labelPattern.test(label))) return undefined
  // A name whose last label is a number would be a mistyped IPv4 address.
  return /^[0-9]+$/.test(labels.at(-1) ?? '') ? undefined : host.toLowerCase()
}

function problemOfPath(path: string): string | undefined {
  if (path.length === 0) return 'The path of the Unix socket is missing; write "/path/to/socket".'
  if (path.includes('\0')) return 'The path of a Unix socket cannot contain a NUL byte.'
  const length = Buffer.byteLength(path)
  if (length <= longestSocketPath) return undefined
  return `The path of a Unix socket has at most ${longestSocketPath} bytes; this one has ${length}.`
}

function problemOfPort(port: string, smallest: 0 | 1): string {
  if (port === '') return `The port after the colon is missing; write a number, as in ":25".`
  return `"${port}" is not a port; it must be a number from ${smallest} to ${largestPort}.`
}

function problemOfBindHost({ host, isBracketed }: Split): string {
  if (!isBracketed) {
    return `"${host}" is not an IP address; write an IPv4 address, an IPv6 address in brackets, or "*".`
  }
  if (parseAddress(host) !== undefined) {
    return `Brackets are for IPv6; write the IPv4 address "${host}" without them.`
  }
  return `"${host}" is not an IPv6 address; write one in the brackets, or "[*]" for all of them.`
}

function problemOfUpstreamHost({ host, isBracketed }: Split): string {
  if (isBracketed && parseAddress(host) === undefined) {
    return `"${host}" is not an IPv6 address; only those stand in brackets.`
  }
  if (isBracketed) return `Brackets are for IPv6; write the IPv4 address "${host}" without them.`
  if (host === '') return 'The host before the colon is missing; write "host:port".'
  return `"${host}" is neither an IP address nor a host name.`
}

function problemWithoutColon(text: string): string {
  if (text === '') return 'The address is empty; write "host:port" or "/path/to/socket".'
  if (parseDecimal(text, largestPort) !== undefined) {
    return `"${text}" is only a port; write ":${text}" or "host:${text}".`
  }
  return `"${text}" lacks a port; write it after a colon, as in "${text}:25".`
}

function bracketsNeeded(example: string): string {
  return `An IPv6 address stands in brackets: write "${example}".`
}
