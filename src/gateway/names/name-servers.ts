// Name servers that a policy names instead of giving their address: looked up once, when the policy
// is taken, as nginx does.

import { lookup } from 'node:dns/promises'
import type { Sourced } from '../../base/diagnostic.ts'
import { PosternError } from '../../base/errors.ts'
import { isNamed } from '../../policy/name-server.ts'
import type { NameServer } from '../../policy/name-server.ts'
import type { Policy, Scope } from '../../policy/policy.ts'
import type { GatewayErrorCode } from '../codes.ts'

/** The addresses of each host name among the name servers. */
export type NamedServers = ReadonlyMap<string, readonly string[]>

/** Rejects with nginx's words, and the place, when one cannot be found. */
export async function findNameServers(policy: Policy): Promise<NamedServers> {
  const found = new Map<string, readonly string[]>()
  for (const { value, span } of resolversOf(policy)) {
    for (const { host, text } of value.filter(isNamed)) {
      if (found.has(host)) continue
      const addresses = await addressesOf(host)
      if (addresses.length === 0) {
        const code: GatewayErrorCode = 'gateway.resolver_not_found'
        const message = `host not found in resolver "${text}" in ${span.file}:${span.line}`
        throw new PosternError(code, message)
      }
      found.set(host, addresses)
    }
  }
  return found
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true })
    return found.map(({ address }) => address)
  } catch {
    // Whatever the reason, nobody can be asked there; nginx has one text for all of them.
    return []
  }
}

function resolversOf(policy: Policy): readonly Sourced<readonly NameServer[]>[] {
  const scopes: readonly Scope[] = [
    policy.global,
    ...policy.pathways,
    ...policy.pathwayGroups,
    ...policy.listeners.flatMap((listener): Scope[] => [
      listener,
      ...listener.peers,
      ...listener.listens.flatMap((listen): Scope[] => [listen, ...listen.peers]),
    ]),
  ]
  return scopes.flatMap(({ options: { resolver } }) => (resolver === undefined ? [] : [resolver]))
}
