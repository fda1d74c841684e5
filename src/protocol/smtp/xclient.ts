// XCLIENT: tells an upstream who its client really is (Postfix XCLIENT_README).

import type { Address } from '../../base/address.ts'
import { clientNameText } from './client-name.ts'
import type { ClientName } from './client-name.ts'

/** Who the client is. Absent means that it is not known. */
export interface ClientIdentity {
  readonly address?: Address
  readonly port?: number
  /** What looking up its name gave; absent: it was not looked up. */
  readonly name?: ClientName
}

const unavailable = '[UNAVAILABLE]'

/**
 * The command, with those of our attributes that the upstream lists; undefined when ADDR is not
 * among them, since without it the command would say nothing. Where names are not looked up, NAME
 * is declared unavailable rather than left as the upstream found it for us. An upstream judges a
 * second XCLIENT by the address the first one named, so a client cannot send its own through us.
 */
export function xclientCommand(
  attributes: readonly string[],
  client: ClientIdentity,
): Buffer | undefined {
  if (!attributes.includes('ADDR')) return undefined
  const values = [
    ['NAME', client.name === undefined ? unavailable : clientNameText(client.name)],
    ['ADDR', addressValue(client.address)],
    ['PORT', client.port === undefined ? unavailable : String(client.port)],
    ['PROTO', 'ESMTP'],
  ] as const
  const listed = values.filter(([name]) => attributes.includes(name))
  const words = listed.map(([name, value]) => `${name}=${xtext(value)}`)
  return Buffer.from(`XCLIENT ${words.join(' ')}\r\n`)
}

/**
 * RFC 3461's encoding: printable ASCII but `+` and `=` stays, every other byte is `+` and two
 * digits.
 */
export function xtext(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  const isPlain = (byte: number): boolean =>
    byte > 0x20 && byte < 0x7f && byte !== 0x2b && byte !== 0x3d
  return Array.from(bytes, (byte) =>
    isPlain(byte) ? String.fromCharCode(byte) : `+${hexPair(byte)}`,
  ).join('')
}

function hexPair(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

function addressValue(address: Address | undefined): string {
  if (address === undefined) return unavailable
  return address.family === 6 ? `IPV6:${address.text}` : address.text
}
