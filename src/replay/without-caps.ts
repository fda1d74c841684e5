// A policy that counts as another does, and refuses nobody: sessions that are open when a record
// begins are counted unchecked, as by a reload (SEMANTICS S19).

import type { Options } from '../policy/options.ts'
import { freezePolicy } from '../policy/policy.ts'
import type { Listener, Policy } from '../policy/policy.ts'

/** Nobody has so many sessions, and every zone has room for as many states. */
const noCap = Number.MAX_SAFE_INTEGER

export function withoutCaps(policy: Policy): Policy {
  return freezePolicy({
    ...policy,
    global: { ...policy.global, options: uncapped(policy.global.options) },
    listeners: policy.listeners.map(uncappedListener),
    pathways: policy.pathways.map(uncappedScope),
    pathwayGroups: policy.pathwayGroups.map(uncappedScope),
    zones: policy.zones.map((zone) => ({ ...zone, sizeBytes: noCap })),
  })
}

function uncappedListener(listener: Listener): Listener {
  return {
    ...uncappedScope(listener),
    peers: listener.peers.map(uncappedScope),
    listens: listener.listens.map((listen) => ({
      ...uncappedScope(listen),
      peers: listen.peers.map(uncappedScope),
    })),
  }
}

function uncappedScope<T extends { readonly options: Options }>(scope: T): T {
  return { ...scope, options: uncapped(scope.options) }
}

function uncapped(options: Options): Options {
  const { serviceSessions: _service, listenerSessions: _listener, ...rest } = options
  const { limitConns } = rest
  if (limitConns === undefined) return rest
  const value = limitConns.value.map((limit) => ({ ...limit, capMax: noCap }))
  return { ...rest, limitConns: { ...limitConns, value } }
}
