// The Policy: what a configuration text means, as frozen plain data. Every dialect produces it,
// everything below the dialects consumes it. It survives JSON and structuredClone.

import type { Block, Endpoint } from '../base/address.ts'
import type { Sourced, Span } from '../base/diagnostic.ts'
import type { ClusterOptions } from './cluster.ts'
import type { ErrorLogTarget } from './error-log.ts'
import type { LimitZone } from './limit-zone.ts'
import type { DurationValue, Options } from './options.ts'

/** Services are counted separately (SEMANTICS S13). */
export type ServiceName = 'smtp' | 'ecstream' | 'imap' | 'pop3'

interface ScopeBase {
  /**
   * Unique in the policy, and the words an operator would use: `ESMTP_Listener Listen *:25 Peer
   * 10.0.0.0/8`.
   */
  readonly label: string
  readonly options: Options
  /** Where the scope was first opened. */
  readonly span: Span
}

/** Options for one source block. */
export interface Peer extends ScopeBase {
  readonly kind: 'peer'
  readonly block: Block
}

/** One bound endpoint inside a listener. */
export interface Listen extends ScopeBase {
  readonly kind: 'listen'
  /** The endpoint's canonical text (`*:25`, `[::1]:25`, `/run/s.sock`); unique in the policy. */
  readonly id: string
  readonly endpoint: Endpoint
  readonly peers: readonly Peer[]
}

/** A group of endpoints of one service. A policy may have several of one service. */
export interface Listener extends ScopeBase {
  readonly kind: 'listener'
  /** What an operator called it, in a language that lets him. */
  readonly name?: string
  readonly service: ServiceName
  readonly listens: readonly Listen[]
  readonly peers: readonly Peer[]
}

export interface Pathway extends ScopeBase {
  readonly kind: 'pathway'
  readonly name: string
  /** The group it was written in, if any. */
  readonly group?: string
}

export interface PathwayGroup extends ScopeBase {
  readonly kind: 'pathway_group'
  readonly name: string
}

/** The outermost scope. */
export interface GlobalScope extends ScopeBase {
  readonly kind: 'global'
}

export type Scope = Peer | Listen | Listener | Pathway | PathwayGroup | GlobalScope

/** What the daemon itself needs; none of it concerns admission. */
export interface DaemonOptions {
  readonly pidFile?: Sourced<string>
  /** The logs of all that has no list of its own (nginx `error_log` in `main`). */
  readonly errorLogs?: Sourced<readonly ErrorLogTarget[]>
  /** How the error log is written; absent: nginx's lines. */
  readonly logFormat?: Sourced<'nginx' | 'json'>
  readonly workers?: Sourced<number | 'auto'>
  /** How many files it should be able to open (nginx `worker_rlimit_nofile`). */
  readonly openFiles?: Sourced<number>
  /** After a quit, relayed sessions get this long; absent `ms`: as long as they like. */
  readonly shutdownTimeout?: Sourced<DurationValue>
  /** It leaves the terminal (nginx `daemon on`). */
  readonly isDetached?: Sourced<boolean>
  /** Where the admin API listens; absent: there is none. */
  readonly admin?: Sourced<Endpoint>
  /** The file of the token that changes need, and everything needs that comes from elsewhere. */
  readonly adminTokenFile?: Sourced<string>
  readonly adminCertificate?: Sourced<string>
  readonly adminKey?: Sourced<string>
}

export interface Policy {
  readonly kind: 'policy'
  readonly dialect: 'momentum' | 'nginx'
  readonly daemon: DaemonOptions
  readonly global: GlobalScope
  readonly listeners: readonly Listener[]
  readonly pathways: readonly Pathway[]
  readonly pathwayGroups: readonly PathwayGroup[]
  /** Zones of the limits after authentication. */
  readonly zones: readonly LimitZone[]
  /** The store behind the limits that count over all nodes. */
  readonly cluster?: ClusterOptions
  /** Caps that are not as they are written, until the next reload; absent: none. */
  readonly changes?: readonly CapChange[]
}

/** A cap that an operator changed while the daemon ran. */
export interface CapChange {
  /** The limit's, of limit-table.ts. */
  readonly id: string
  /** What is written; absent: no limit. */
  readonly configuredMax?: number
}

/** Freezes a policy and everything in it. */
export function freezePolicy(policy: Policy): Policy {
  freezeDeep(policy)
  return policy
}

function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const child of Object.values(value)) freezeDeep(child)
}
