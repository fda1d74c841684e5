// Host names: what may be believed to be one, and the names under which DNS keeps addresses.

import type { Address } from './address.ts'

// RFC 1035 2.3.4, without the dot at the end.
const nameMaxLength = 253
const labelPattern = /^[a-z0-9_-]{1,63}$/i

/**
 * Letters, digits, `-` and `_` between dots, and no number at its end: what looks like an address
 * is none. Whatever passes needs no escaping anywhere.
 */
export function isHostName(text: string): boolean {
  if (text.length > nameMaxLength) return false
  const labels = text.split('.')
  if (!labels.every((label) => labelPattern.test(label))) return false
  return !/^\d+$/.test(labels.at(-1) ?? '')
}

/** The name of an address's PTR record (RFC 1035 3.5, RFC 3596 2.5). */
export function reverseName({ family, words }: Address): string {
  const bytes = words.flatMap((word) => [word >>> 24, word >>> 16, word >>> 8, word])
  const parts =
    family === 4
      ? bytes.map((byte) => String(byte & 255))
      : bytes.flatMap((byte) => [(byte >>> 4) & 15, byte & 15]).map((half) => half.toString(16))
  return [...parts.toReversed(), family === 4 ? 'in-addr' : 'ip6', 'arpa'].join('.')
}
