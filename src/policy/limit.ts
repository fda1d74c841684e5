// A limit: one rule of a policy, whichever dialect wrote it.

import type { Span } from '../base/diagnostic.ts'
import type { LimitCluster, WhenAway } from './cluster.ts'
import type { LogLevel } from './error-log.ts'

/** When a limit is asked: at accept, or once the user is known. */
export type Stage = 'connect' | 'authenticated'

/** The option or directive a limit was written with; the word used in logs. */
export type LimitOption = 'service_sessions' | 'listener_sessions' | 'limit_conn'

/**
 * `block`: the sessions of one Peer block. `shared`: all sessions of the service or the Listen
 * socket (SEMANTICS S7). `keyed`: the sessions with one key value (limit_conn).
 */
export type Tier = 'block' | 'shared' | 'keyed'

/**
 * One budget that a session must fit. It is counted even without a cap (SEMANTICS S4), so a cap
 * that a reload adds sees the sessions already open.
 */
export interface Limit {
  readonly kind: 'limit'
  readonly stage: Stage
  readonly option: LimitOption
  readonly tier: Tier
  /** Name of the zone that counts. */
  readonly zone: string
  /** The key value counted under in that zone. */
  readonly key: string
  /** Label of the scope in which the cap stands, or, without a cap, of what is counted. */
  readonly scope: string
  /** At most this many sessions; absent: counted, never refused. */
  readonly capMax?: number
  readonly isDryRun: boolean
  readonly logLevel: LogLevel
  /** Counted over all nodes; absent: over this one. A limit without a cap never is. */
  readonly cluster?: LimitCluster
  /** The store is away: `capMax` is what this node may admit by itself. */
  readonly alone?: WhenAway
  /** Where the cap was written; absent when nothing sets one. */
  readonly origin?: Span
}
