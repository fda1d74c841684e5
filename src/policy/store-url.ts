// Parses where a store is: `redis://host:6379/0`, `rediss://`, `valkey://`, `valkeys://`, or a Unix
// socket. What it answers never holds a piece of a text that could be a secret.

import { parseHostPort } from '../base/endpoint.ts'
import { suggest } from '../base/suggest.ts'
import { databaseMax } from './cluster.ts'
import type { StoreAddress } from './cluster.ts'

/** A secret is told apart, since each language has its own words for where it belongs. */
export type StoreUrlResult =
  | { readonly address: StoreAddress; readonly database?: number }
  | { readonly kind: 'secret' }
  | { readonly kind: 'problem'; readonly problem: string; readonly hint: string }

const schemes: ReadonlyMap<string, { readonly isTls: boolean }> = new Map([
  ['redis', { isTls: false }],
  ['valkey', { isTls: false }],
  ['rediss', { isTls: true }],
  ['valkeys', { isTls: true }],
])

const form = 'write redis://host:port, rediss://host:port for TLS, or unix:/path'

/**
 * @example
 * parseStoreUrl('redis://127.0.0.1:6379')
 * // { address: { kind: 'tcp', host: '127.0.0.1', port: 6379, isTls: false } }
 */
export function parseStoreUrl(text: string): StoreUrlResult {
  if (text.includes('@')) return { kind: 'secret' }
  if (text.startsWith('unix:') || text.startsWith('/')) return parseSocket(text)
  const [, scheme = '', authority = '', path = ''] =
    /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/]*)(?:\/(.*))?$/s.exec(text) ?? []
  const known = schemes.get(scheme.toLowerCase())
  if (known === undefined) return wrongScheme(scheme)
  const host = /^(\[[^\]]*\]|[^:]+)$/.test(authority) ? `${authority}:1` : authority
  const parsed = parseHostPort(host)
  if (!('address' in parsed) || parsed.address.kind !== 'tcp') {
    const hint = 'problem' in parsed ? parsed.problem : form
    return { kind: 'problem', problem: 'has no host that can be connected to', hint }
  }
  const port = host === authority ? { port: parsed.address.port } : {}
  const address = { kind: 'tcp', host: parsed.address.host, ...port, isTls: known.isTls } as const
  if (path === '') return { address }
  const database = /^[0-9]{1,5}$/.test(path) ? Number(path) : databaseMax + 1
  if (database <= databaseMax) return { address, database }
  const hint = 'behind the port only the number of a database may stand, as in redis://host:6379/2'
  return { kind: 'problem', problem: 'has more than a host, a port and a database', hint }
}

function parseSocket(text: string): StoreUrlResult {
  const path = text.startsWith('/') ? text : text.slice('unix:'.length)
  if (!path.startsWith('/')) {
    const problem = 'is a Unix socket without its whole path'
    return { kind: 'problem', problem, hint: 'write unix:/path, from the root' }
  }
  const parsed = parseHostPort(path)
  if ('address' in parsed) return { address: { kind: 'unix', path } }
  return { kind: 'problem', problem: 'is no path of a Unix socket', hint: parsed.problem }
}

function wrongScheme(scheme: string): StoreUrlResult {
  const meant = scheme === '' ? undefined : suggest(scheme, schemes.keys())
  const hint = meant === undefined ? form : `did you mean ${meant}://?`
  return { kind: 'problem', problem: 'is no address of a store', hint }
}

/** The text that means an address; the database has a place of its own. */
export function storeUrlText(address: StoreAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const { host, port, isTls } = address
  const shown = host.includes(':') ? `[${host}]` : host
  return `${isTls ? 'rediss' : 'redis'}://${shown}${port === undefined ? '' : `:${port}`}`
}
