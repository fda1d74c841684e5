// IP addresses and source blocks: parse, normalise, compare, print.

/**
 * An address a client comes from. `words` are unsigned 32-bit, most significant first: one for
 * IPv4, four for IPv6. `::ffff:a.b.c.d` is parsed as IPv4 (SEMANTICS S10). `text` is canonical.
 */
export interface Address {
  readonly family: 4 | 6
  readonly words: readonly number[]
  readonly text: string
}

/**
 * A CIDR block with its host bits masked off. `text` is canonical: `10.0.0.0/8`, `2001:db8::/32`.
 */
export interface Block {
  readonly family: 4 | 6
  readonly words: readonly number[]
  readonly prefixLength: number
  readonly text: string
}

/**
 * Where a listening socket is bound. `host` is `*` (any, IPv4 and perhaps IPv6), `[*]`-style is
 * `::`.
 */
export type Endpoint =
  | {
      readonly kind: 'tcp'
      readonly host: string
      readonly port: number
      readonly text: string
      /** `::` without IPv4 (nginx's `[::]`). */
      readonly isIpv6Only?: true
    }
  | { readonly kind: 'unix'; readonly path: string; readonly text: string }

export interface ParsedBlock {
  readonly block: Block
  /** The text had bits set below the mask; they are masked off (SEMANTICS S10). */
  readonly hadHostBits: boolean
}

// The longest IPv6 text: six groups of four digits and an embedded IPv4 address.
const longestAddress = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255'.length
// The longest IPv4 text: 255.255.255.255.
const longestIpv4 = 15
// An interface name has at most 15 bytes on Linux; other systems allow more, none more than 64.
const zonePattern = /^[0-9A-Za-z_.:-]{1,64}$/
const groupCount = 8
// The third word of every IPv4-mapped IPv6 address.
const mappedWord = 0xffff

const loopback: Address = Object.freeze({
  family: 4,
  words: Object.freeze([0x7f00_0001]),
  text: '127.0.0.1',
})

/**
 * Parses an address strictly: IPv4 as four decimal numbers without leading zeros, IPv6 as RFC 4291
 * writes it, with a zone id (`%eth0`) that is dropped. Anything else is undefined.
 *
 * @example
 * parseAddress('::ffff:10.1.2.3')?.text // '10.1.2.3'
 */
export function parseAddress(text: string): Address | undefined {
  const ipv4 = parseIpv4(text, 0)
  if (ipv4 !== undefined) return { family: 4, words: [ipv4], text }
  const bare = withoutZoneId(text)
  const words = bare === undefined ? undefined : parseIpv6(bare)
  return words === undefined ? undefined : addressOfWords(words)
}

/**
 * The address a client counts under; a Unix-socket client, `unix`, is 127.0.0.1 (SEMANTICS S10).
 */
export function addressOfClient(remote: string): Address | undefined {
  return remote === 'unix' ? loopback : parseAddress(remote)
}

/** The address of one word (IPv4) or four words (IPv6); an IPv4-mapped one becomes IPv4. */
export function addressOfWords(words: readonly number[]): Address {
  if (words.length === 1) return { family: 4, words, text: formatIpv4(words[0] ?? 0) }
  if (!isMapped(words)) return { family: 6, words, text: formatIpv6(words) }
  const ipv4 = words[3] ?? 0
  return { family: 4, words: [ipv4], text: formatIpv4(ipv4) }
}

/**
 * Parses an address or a CIDR block. A bare address is a host block; bits below the mask are masked
 * off. A block of IPv4-mapped addresses becomes IPv4; one so wide that it holds other addresses too
 * (a prefix below 96) has no meaning as either and is undefined.
 *
 * @example
 * parseBlock('10.1.2.3/8')?.block.text // '10.0.0.0/8'
 */
export function parseBlock(text: string): ParsedBlock | undefined {
  const slash = text.indexOf('/')
  const addressText = slash < 0 ? text : text.slice(0, slash)
  const address = parseAddress(addressText)
  if (address === undefined) return undefined
  // A colon says that the text was IPv6: then the prefix counts the 96 bits in front as well.
  const skippedBits = address.family === 4 && addressText.includes(':') ? 96 : 0
  const bits = address.family === 4 ? 32 : 128
  if (slash < 0) return blockOf(address, bits)
  const written = parseDecimal(text.slice(slash + 1), bits + skippedBits)
  if (written === undefined || written < skippedBits) return undefined
  return blockOf(address, written - skippedBits)
}

/** Whether an address lies in a block. IPv4 and IPv6 never match each other. */
export function blockContains(block: Block, address: Address): boolean {
  if (block.family !== address.family) return false
  return block.words.every(
    (word, at) => (((address.words[at] ?? 0) ^ word) & maskOfWord(block.prefixLength, at)) === 0,
  )
}

/** The mask, as signed 32-bit, that a prefix length puts on word `at`. */
export function maskOfWord(prefixLength: number, at: number): number {
  const bits = prefixLength - at * 32
  if (bits <= 0) return 0
  return bits >= 32 ? -1 : -1 << (32 - bits)
}

/** A number in decimal digits without leading zeros, 0 to `max`; anything else is undefined. */
export function parseDecimal(text: string, max: number): number | undefined {
  if (text.length === 0 || text.length > 9) return undefined
  if (text.length > 1 && text.charCodeAt(0) === 0x30) return undefined
  let value = 0
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return value <= max ? value : undefined
}

function blockOf(address: Address, prefixLength: number): ParsedBlock {
  const words = address.words.map((word, at) => (word & maskOfWord(prefixLength, at)) >>> 0)
  const base = address.family === 4 ? formatIpv4(words[0] ?? 0) : formatIpv6(words)
  return {
    block: { family: address.family, words, prefixLength, text: `${base}/${prefixLength}` },
    hadHostBits: words.some((word, at) => word !== address.words[at]),
  }
}

// On the accept path: one pass over the character codes, nothing allocated.
function parseIpv4(text: string, start: number): number | undefined {
  const end = text.length
  if (end - start > longestIpv4) return undefined
  let word = 0
  let part = 0
  let digits = 0
  let dots = 0
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x2e) {
      if (digits === 0 || dots === 3) return undefined
      word = (word << 8) | part
      dots += 1
      part = 0
      digits = 0
      continue
    }
    const digit = code - 0x30
    if (digit < 0 || digit > 9) return undefined
    if (digits > 0 && part === 0) return undefined
    part = part * 10 + digit
    digits += 1
    if (part > 255) return undefined
  }
  if (dots !== 3 || digits === 0) return undefined
  return ((word << 8) | part) >>> 0
}

function withoutZoneId(text: string): string | undefined {
  const percent = text.indexOf('%')
  if (percent < 0) return text
  return zonePattern.test(text.slice(percent + 1)) ? text.slice(0, percent) : undefined
}

function parseIpv6(text: string): number[] | undefined {
  if (text.length < 2 || text.length > longestAddress) return undefined
  const groups: number[] = []
  let gapAt: number | undefined
  let at = 0
  if (text.startsWith('::')) {
    gapAt = 0
    at = 2
  }
  while (at < text.length) {
    const colon = text.indexOf(':', at)
    const end = colon < 0 ? text.length : colon
    if (!pushGroup(groups, text, { at, end })) return undefined
    if (groups.length > groupCount) return undefined
    if (colon < 0) break
    at = colon + 1
    if (text.charCodeAt(at) === 0x3a) {
      if (gapAt !== undefined) return undefined
      gapAt = groups.length
      at += 1
    } else if (at === text.length) return undefined
  }
  const missing = groupCount - groups.length
  if (gapAt === undefined ? missing !== 0 : missing < 1) return undefined
  if (gapAt !== undefined) groups.splice(gapAt, 0, ...zeros.slice(0, missing))
  return wordsOfGroups(groups)
}

const zeros: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0]

/** Reads one group, or, as the last one, an embedded IPv4 address, which stands for two. */
function pushGroup(groups: number[], text: string, { at, end }: { at: number; end: number }) {
  if (end === text.length && text.indexOf('.', at) >= 0) {
    const ipv4 = parseIpv4(text, at)
    if (ipv4 === undefined) return false
    groups.push(ipv4 >>> 16, ipv4 & 0xffff)
    return true
  }
  if (end === at || end - at > 4) return false
  let group = 0
  for (let index = at; index < end; index += 1) {
    const digit = hexDigit(text.charCodeAt(index))
    if (digit === undefined) return false
    group = (group << 4) | digit
  }
  groups.push(group)
  return true
}

function hexDigit(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined
}

function wordsOfGroups(groups: readonly number[]): number[] {
  const words: number[] = []
  for (let at = 0; at < groupCount; at += 2) {
    words.push((((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0)) >>> 0)
  }
  return words
}

function isMapped(words: readonly number[]): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === mappedWord
}

function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups cut. */
function formatIpv6(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff])
  let cutAt = 0
  let cutLength = 1
  for (let at = 0; at < groupCount; at += 1) {
    let end = at
    while (end < groupCount && groups[end] === 0) end += 1
    if (end - at > cutLength) {
      cutAt = at
      cutLength = end - at
    }
    if (end > at) at = end
  }
  const hex = groups.map((group) => group.toString(16))
  if (cutLength === 1) return hex.join(':')
  return `${hex.slice(0, cutAt).join(':')}::${hex.slice(cutAt + cutLength).join(':')}`
}
