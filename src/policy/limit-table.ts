// Every limit that a policy writes down, with a name of its own: what metrics, the admin API and
// whoever changes a cap call it by.

import { addressOfWords } from '../base/address.ts'
import type { Span } from '../base/diagnostic.ts'
import { chainFor, peerTable } from './chain.ts'
import type { Chain } from './chain.ts'
import { keyedLimitsOf, limitsOf } from './fallback.ts'
import type { Limit, LimitOption, Stage, Tier } from './limit.ts'
import type { Peer, Policy, Scope } from './policy.ts'

/** One limit as it is written. */
export interface LimitRow {
  /** Unique in the policy, and the same after a reload as long as it stands in the same scope. */
  readonly id: string
  readonly stage: Stage
  readonly option: LimitOption
  readonly tier: Tier
  /** Label of the scope it stands in. */
  readonly scope: string
  /** The zone it counts in. */
  readonly zone: string
  /** Absent: 0 is written, no limit. */
  readonly capMax?: number
  readonly isDryRun: boolean
  readonly origin: Span
  /** Connect stage: what it counts under. After authentication each session has a key of its own. */
  readonly keys: readonly string[]
}

/** What of a limit its name is made from. */
type Named = Pick<Limit, 'option' | 'scope' | 'zone'>

/**
 * Of characters that a URL and a label of a metric take as they are: a blank becomes `,`, a slash
 * `~`, what else is not plain `=` and its number. So no two limits share one.
 *
 * @example
 * limitId({ option: 'service_sessions', scope: 'ESMTP_Listener Peer 10.0.0.0/8', zone: 'connect' })
 * // 'service_sessions,ESMTP_Listener,Peer,10.0.0.0~8'
 */
export function limitId({ option, scope, zone }: Named): string {
  const words = option === 'limit_conn' ? [option, zone, scope] : [option, scope]
  return words.join(' ').replace(/[^A-Za-z0-9.:*_-]/gu, (character) => {
    if (character === ' ') return ','
    return character === '/' ? '~' : `=${(character.codePointAt(0) ?? 0).toString(16)}.`
  })
}

/** Each once, listener by listener; the outer ones of a scope come before the inner. */
export function limitTable(policy: Policy): readonly LimitRow[] {
  const rows = new Map<string, LimitRow>()
  for (const listener of policy.listeners) {
    const listenerPeers = peerTable(listener.peers)
    for (const listen of listener.listens) {
      const tables = { listenPeers: peerTable(listen.peers), listenerPeers }
      const request = { policy, listener, listen, ...tables }
      addRows(chainFor({ ...request, address: undefined }), rows)
      for (const peer of [...listen.peers, ...listener.peers]) {
        if (!decides(peer)) continue
        const address = addressOfWords(peer.block.words)
        addRows(outwardFrom(peer, chainFor({ ...request, address })), rows)
      }
    }
  }
  return [...rows.values()]
}

/** Peers that say nothing about limits, of which there may be thousands, add no row. */
function decides({ options }: Peer): boolean {
  const { serviceSessions, listenerSessions, limitConns, pathway } = options
  return [serviceSessions, listenerSessions, limitConns, pathway].some((one) => one !== undefined)
}

/** What a client of the block meets that is in none of the smaller blocks inside it. */
function outwardFrom(peer: Peer, chain: Chain): Chain {
  const smaller = new Set<Scope>(chain.peers.slice(0, chain.peers.indexOf(peer)))
  const isOutward = (scope: Scope): boolean => !smaller.has(scope)
  return {
    ...chain,
    peers: chain.peers.filter(isOutward),
    scopes: chain.scopes.filter(isOutward),
    shared: chain.shared,
  }
}

function addRows(chain: Chain, rows: Map<string, LimitRow>): void {
  for (const limit of limitsOf(chain)) {
    // Counted all the same, but nobody wrote it.
    if (limit.origin === undefined) continue
    const { key, stage, option, tier, scope, zone, capMax, isDryRun, origin } = limit
    const cap = capMax === undefined ? {} : { capMax }
    addRow(rows, { stage, option, tier, scope, zone, ...cap, isDryRun, origin, keys: [key] })
  }
  for (const { zone, capMax, isDryRun, scope, origin } of keyedLimitsOf(chain)) {
    const kind = { stage: 'authenticated', option: 'limit_conn', tier: 'keyed' } as const
    addRow(rows, { ...kind, scope, zone, capMax, isDryRun, origin, keys: [] })
  }
}

function addRow(rows: Map<string, LimitRow>, row: Omit<LimitRow, 'id'>): void {
  const id = limitId(row)
  const keys = new Set([...(rows.get(id)?.keys ?? []), ...row.keys])
  rows.set(id, { ...(rows.get(id) ?? row), id, keys: [...keys] })
}
