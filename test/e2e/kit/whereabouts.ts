// Where a client of the tests comes from and where it goes to: `10.1.2.3@25`, `A@587`, `unix`.

import { proxyHeader } from './proxy-header.ts'
import type { HeaderVersion } from './proxy-header.ts'
import type { Place } from './place.ts'

export interface Whereabouts {
  /** The address it is to be counted under. */
  readonly address: string
  /** The real port; 0 for the Unix socket. */
  readonly port: number
  readonly target: { host: string; port: number; localAddress?: string } | { path: string }
  /** What a proxy on its way would send first. */
  readonly header?: Buffer
}

/**
 * Reads `address@port`, with a nominal port and an address, or with a letter of the conformance table
 * for "some client"; or `unix`, which is the Unix socket `/run/s.sock`.
 */
export function whereabouts(who: string, place: Place, proxy?: HeaderVersion): Whereabouts {
  if (who === 'unix') return { address: 'unix', port: 0, target: { path: place.path('s.sock') } }
  const at = who.lastIndexOf('@')
  const address = addressOf(who.slice(0, at), proxy !== undefined)
  const port = place.portFor(Number(who.slice(at + 1)))
  const isIpv6 = address.includes(':') && !address.startsWith('::ffff:')
  const host = isIpv6 ? '::1' : '127.0.0.1'
  // A proxy connects from its own address, on the same family as its client, as in the field.
  if (proxy !== undefined) {
    return { address, port, target: { host, port }, header: proxyHeader(proxy, address) }
  }
  return { address, port, target: isIpv6 ? { host, port } : { host, port, localAddress: address } }
}

function addressOf(name: string, isProxied: boolean): string {
  if (!/^[A-Z]$/.test(name)) return name
  return `${isProxied ? '192.0.2' : '127.0.0'}.${name.charCodeAt(0)}`
}
