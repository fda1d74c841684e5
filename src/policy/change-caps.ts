// A policy with another number in some of its limits: what an operator changes while the daemon runs,
// until the configuration is read again.

import { unreachable } from '../base/assert.ts'
import type { LimitConn, Options } from './options.ts'
import { limitId } from './limit-table.ts'
import type { LimitRow } from './limit-table.ts'
import { freezePolicy } from './policy.ts'
import type { CapChange, Policy, Scope } from './policy.ts'

/** `capMax` absent: no limit. What the configuration says stays known with each change. */
export function changeCap(policy: Policy, row: LimitRow, capMax: number | undefined): Policy {
  const earlier = policy.changes?.find(({ id }) => id === row.id)
  const written = earlier ?? { id: row.id, ...capOf('configuredMax', row.capMax) }
  const { configuredMax } = written
  const others = (policy.changes ?? []).filter(({ id }) => id !== row.id)
  // What is again as it is written is no change.
  const isBack = configuredMax === capMax
  const change = { id: row.id, ...capOf('configuredMax', configuredMax) }
  const changes: readonly CapChange[] = isBack ? others : [...others, change]
  const inside = <T extends Scope>(scope: T): T =>
    scope.label === row.scope ? { ...scope, options: withCap(scope.options, row, capMax) } : scope
  return freezePolicy({
    ...policy,
    global: inside(policy.global),
    listeners: policy.listeners.map((listener) => ({
      ...inside(listener),
      peers: listener.peers.map(inside),
      listens: listener.listens.map((listen) => ({
        ...inside(listen),
        peers: listen.peers.map(inside),
      })),
    })),
    pathways: policy.pathways.map(inside),
    pathwayGroups: policy.pathwayGroups.map(inside),
    changes,
  })
}

function withCap(options: Options, row: LimitRow, capMax: number | undefined): Options {
  switch (row.option) {
    case 'service_sessions':
      return changed(options, 'serviceSessions', capMax)
    case 'listener_sessions':
      return changed(options, 'listenerSessions', capMax)
    case 'limit_conn': {
      const { limitConns } = options
      if (limitConns === undefined || capMax === undefined) return options
      const isMeant = ({ zone }: LimitConn): boolean =>
        limitId({ option: row.option, scope: row.scope, zone }) === row.id
      const value = limitConns.value.map((one) => (isMeant(one) ? { ...one, capMax } : one))
      return { ...options, limitConns: { ...limitConns, value } }
    }
    default:
      return unreachable(row.option)
  }
}

function changed(
  options: Options,
  name: 'serviceSessions' | 'listenerSessions',
  capMax: number | undefined,
): Options {
  const sourced = options[name]
  if (sourced === undefined) return options
  return { ...options, [name]: { ...sourced, value: capOf('capMax', capMax) } }
}

function capOf<K extends string>(
  key: K,
  capMax: number | undefined,
): { readonly [P in K]?: number } {
  if (capMax === undefined) return {}
  return { [key]: capMax } as { readonly [P in K]?: number } // the one key it has
}
