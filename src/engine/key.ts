// The key value that a session has for a zone's key (SEMANTICS S15).

import { createHash } from 'node:crypto'
import { type Address, parseBlock } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import type { KeyExpression, KeyVariable } from '../policy/key.ts'
import type { ServiceName } from '../policy/policy.ts'

/** A header of the auth server's answer. */
export interface KeyHeader {
  readonly name: string
  readonly value: string | Uint8Array
}

/** What is known about a session once it is authenticated. */
export interface KeyFacts {
  /** The address it counts under, after a PROXY header if there was one. */
  readonly address: Address
  /** It came through a Unix socket and no PROXY header named an address. */
  readonly isUnix: boolean
  /** The login, or what the auth server put in its place; absent or empty: nobody logged in. */
  readonly user?: string | Uint8Array
  readonly service: ServiceName
  /** Label of the listener. */
  readonly listener: string
  /** Name of the effective pathway. */
  readonly pathway?: string
  readonly authHeaders: readonly KeyHeader[]
}

/** freenginx's bound, and the length of a state's largest key there. */
const keyMaxBytes = 255

/** Where a digest stands instead of the value. No value that begins so is used as it is. */
const digestPrefix = 'sha256:'

/** What nginx calls a Unix-socket client. All of them are one. */
const unixClient = 'unix:'

const noBytes = Buffer.alloc(0)
const separator = Buffer.from(', ')
const space = 0x20
const backslash = 0x5c
const atSign = 0x40

/**
 * What a session counts under, or undefined when it is not counted: a variable of the key is empty.
 * So a key of two variables never counts a session that a key of one of them would not.
 *
 * A value longer than 255 bytes, one that is not UTF-8, and one that looks like a digest stand for
 * themselves by their SHA-256, so that no session escapes its limit and no two values share a key.
 *
 * @example
 * keyValue(key, { user: 'u@d', address, isUnix: false, service: 'imap', listener: 'a', authHeaders: [] })
 */
export function keyValue(key: KeyExpression, facts: KeyFacts): string | undefined {
  const parts = key.variables.map((variable) => bytesOf(variable, key, facts))
  if (parts.some((part) => part.length === 0)) return undefined
  const [first = noBytes, ...more] = parts
  const bytes = more.length === 0 ? first : Buffer.concat(parts.map(separable))
  const text = decoded(bytes)
  if (text === undefined) return digestOf(key.foldsCase ? foldedAscii(bytes) : bytes)
  const value = key.foldsCase ? folded(text) : text
  const isPlain = Buffer.byteLength(value) <= keyMaxBytes && !value.startsWith(digestPrefix)
  return isPlain ? value : digestOf(Buffer.from(value))
}

function bytesOf(variable: KeyVariable, key: KeyExpression, facts: KeyFacts): Buffer {
  return variable.kind === 'auth_http'
    ? headerValue(variable.name, facts.authHeaders)
    : bufferOf(plainValue(variable.kind, key, facts))
}

function plainValue(
  kind: Exclude<KeyVariable['kind'], 'auth_http'>,
  key: KeyExpression,
  facts: KeyFacts,
): string | Uint8Array {
  switch (kind) {
    case 'remote_addr':
      return facts.isUnix ? unixClient : facts.address.text
    case 'remote_net':
      return facts.isUnix ? unixClient : networkOf(facts.address, key)
    case 'remote_user':
      return facts.user ?? ''
    case 'remote_domain':
      return domainOf(bufferOf(facts.user ?? ''))
    case 'service':
      return facts.service
    case 'listener':
      return facts.listener
    case 'pathway':
      return facts.pathway ?? ''
  }
}

/** All headers of a name, in the order of arrival, as one value (freenginx $auth_http_). */
function headerValue(name: string, headers: readonly KeyHeader[]): Buffer {
  const values = headers
    .filter((header) => header.name.toLowerCase().replaceAll('-', '_') === name)
    .map(({ value }) => trimSpaces(bufferOf(value)))
  if (values.length === 0) return noBytes
  return Buffer.concat(values.flatMap((value, at) => (at === 0 ? [value] : [separator, value])))
}

/** Spaces only, as nginx: a tab belongs to the value. */
function trimSpaces(value: Buffer): Buffer {
  let start = 0
  let end = value.length
  while (start < end && value[start] === space) start += 1
  while (end > start && value[end - 1] === space) end -= 1
  return value.subarray(start, end)
}

/** What is behind the last `@`, since a quoted local part may hold another. */
function domainOf(user: Buffer): Buffer {
  const at = user.lastIndexOf(atSign)
  return at < 0 ? noBytes : user.subarray(at + 1)
}

function networkOf(address: Address, key: KeyExpression): string {
  const length = address.family === 4 ? key.ipv4PrefixLength : key.ipv6PrefixLength
  const parsed = parseBlock(`${address.text}/${length}`)
  assert(parsed !== undefined, 'a prefix length of the policy fits the address')
  return parsed.block.text
}

/**
 * A part of a combination, as it stands there: a space or backslash of the value gets a backslash
 * before it. So `a b` with `c` differs from `a` with `b c`.
 */
function separable(part: Buffer, at: number): Buffer {
  const bytes = at === 0 ? [] : [space]
  for (const byte of part) {
    if (byte === space || byte === backslash) bytes.push(backslash)
    bytes.push(byte)
  }
  return Buffer.from(bytes)
}

function bufferOf(value: string | Uint8Array): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/** The text, or undefined when the bytes are not UTF-8 and a text would not tell them apart. */
function decoded(bytes: Buffer): string | undefined {
  const text = bytes.toString()
  return bytes.equals(Buffer.from(text)) ? text : undefined
}

/** Twice, since some letters (final sigma, long s) have one capital and two small forms. */
function folded(text: string): string {
  return text.toUpperCase().toLowerCase()
}

/** Of bytes that are no text, only what is surely a letter. */
function foldedAscii(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)))
}

function digestOf(bytes: Buffer): string {
  return digestPrefix + createHash('sha256').update(bytes).digest('base64url')
}
