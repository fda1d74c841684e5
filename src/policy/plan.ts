// What a policy has decided for one kind of session before it comes: the limits it must fit and
// the values of every other option. Pure data; computed by fallback.ts.

import type { Span } from '../base/diagnostic.ts'
import type { LimitCluster } from './cluster.ts'
import type { DefaultedName } from './defaults.ts'
import type { Limit } from './limit.ts'
import type { LimitLogLevel, OptionName, OptionValues } from './options.ts'
import type { Listen, Listener } from './policy.ts'

/** An effective value and where it came from; no `origin` means it is the default. */
export interface Effective<T> {
  readonly value: T
  readonly origin?: Span
  /** Label of the scope that set it. */
  readonly scope?: string
}

/** The options that become limits; every other option becomes a setting. */
export type CapOption =
  | 'serviceSessions'
  | 'listenerSessions'
  | 'serviceSessionsDryRun'
  | 'listenerSessionsDryRun'
  | 'serviceSessionsCluster'
  | 'listenerSessionsCluster'
  | 'limitConns'
  | 'limitConnDryRun'
  | 'limitConnLogLevel'

export type SettingName = Exclude<OptionName, CapOption>

/** Effective values. Options with a default always have one; the others may be absent. */
export type Settings = {
  readonly [K in DefaultedName]: Effective<OptionValues[K]>
} & {
  readonly [K in Exclude<SettingName, DefaultedName>]?: Effective<OptionValues[K]>
}

/** A limit of the authenticated stage, but for the key value, which each session has for itself. */
export interface KeyedLimit {
  readonly zone: string
  readonly capMax: number
  readonly isDryRun: boolean
  readonly logLevel: LimitLogLevel
  /** Counted over all nodes; absent: over this one. */
  readonly cluster?: LimitCluster
  /** Label of the scope it stands in. */
  readonly scope: string
  readonly origin: Span
}

/** All that is known about a session from its Listen and its address. */
export interface Plan {
  readonly listener: Listener
  readonly listen: Listen
  /** Limits of the connect stage, in the order they are asked (SEMANTICS S17). */
  readonly limits: readonly Limit[]
  /** Limits of the authenticated stage, in configuration order (SEMANTICS S14). */
  readonly keyedLimits: readonly KeyedLimit[]
  readonly settings: Settings
}
