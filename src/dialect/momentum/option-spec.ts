// What the option table says about one option, and the functions that make its rows.

import type { Sourced } from '../../base/diagnostic.ts'
import type { AuthenticatorValue, OptionName, OptionValues, Options } from '../../policy/options.ts'
import type { DaemonOptions, ServiceName } from '../../policy/policy.ts'
import type { MomentumCode } from './codes.ts'
import type { ClusterDraft, ServersValue } from './cluster-values.ts'
import type { BindingDraft } from './draft.ts'
import type { LimitDraft, LimitValues, ZoneDraft, ZoneValues } from './limit-values.ts'
import type { Report } from './report.ts'
import type { ScopeKind } from './scope-table.ts'
import { valueSpan } from './syntax.ts'
import type { OptionStatement } from './syntax.ts'
import type { ValueType } from './values.ts'

/** Options of a scope while it is being read. */
export type OptionsDraft = { -readonly [K in keyof Options]: Options[K] }
export type DaemonDraft = { -readonly [K in keyof DaemonOptions]: DaemonOptions[K] }

/** Where a working option puts its value. */
interface OptionTarget {
  /** The scope it stands in. */
  readonly kind: ScopeKind
  readonly options: OptionsDraft
  readonly daemon: DaemonDraft
  readonly binding: BindingDraft
  readonly zone: ZoneDraft
  readonly limit: LimitDraft
  readonly cluster: ClusterDraft
}

/** Something to say whenever the option stands in one kind of scope. */
export interface Remark {
  readonly scopes: readonly ScopeKind[]
  readonly severity: 'warning' | 'note'
  readonly code: MomentumCode
  /** Follows the option's name. */
  readonly message: string
}

interface SpecBase {
  /** As the manual spells it. */
  readonly name: string
  readonly scopes: readonly ScopeKind[]
}

/** An option Postern acts on. */
export interface WorkingOption extends SpecBase {
  readonly status: 'works'
  /** Its name in the policy; options of the daemon, a zone or a limit have one of their own. */
  readonly key:
    | OptionName
    | keyof DaemonOptions
    | keyof ZoneDraft
    | keyof LimitDraft
    | keyof ClusterDraft
    | keyof BindingDraft
  readonly type: { readonly title: string; readonly example: string }
  readonly remark?: Remark
  /** Services it means something to; absent: all. */
  readonly services?: readonly ServiceName[]
  /** Why Postern refuses it in a scope, when that is not obvious. */
  readonly refusal?: { readonly scope: ScopeKind; readonly reason: string }
  lower(statement: OptionStatement, target: OptionTarget, report: Report): void
}

/** An option Momentum knows and Postern does not act on. */
export interface IgnoredOption extends SpecBase {
  readonly status: 'warns'
  /** Whose business it is; follows "Postern does not act on NAME: ". */
  readonly reason: string
}

/** An option of a later version. It must not load: what it promises would not be kept. */
export interface LaterOption extends SpecBase {
  readonly status: 'later'
}

export type OptionSpec = WorkingOption | IgnoredOption | LaterOption

/**
 * The letters of momentum.md section 3 (G global, E esmtp, S ecstream, L listen, P peer, W pathway,
 * WG pathway group), and I and O for the listeners of IMAP and POP3 that Postern adds.
 */
const letters: ReadonlyMap<string, ScopeKind> = new Map([
  ['G', 'global'],
  ['E', 'esmtp_listener'],
  ['S', 'ecstream_listener'],
  ['I', 'imap_listener'],
  ['O', 'pop3_listener'],
  ['L', 'listen'],
  ['P', 'peer'],
  ['W', 'pathway'],
  ['WG', 'pathway_group'],
])

/** Scopes from their letters: `scopesOf('E L W WG P')`. */
function scopesOf(text: string): readonly ScopeKind[] {
  return text.split(' ').map((letter) => {
    const kind = letters.get(letter)
    if (kind === undefined) throw new Error(`postern: no scope has the letter ${letter}`)
    return kind
  })
}

interface WorkingParts<K extends OptionName> {
  readonly key: K
  /** Letters as in `scopesOf`. */
  readonly scopes: string
  readonly type: ValueType<OptionValues[K]>
  readonly remark?: Remark
  readonly services?: readonly ServiceName[]
  readonly refusal?: { readonly scope: ScopeKind; readonly reason: string }
}

/** A row for an option that lowers into the options of the scope it stands in. */
export function works<K extends OptionName>(name: string, parts: WorkingParts<K>): WorkingOption {
  const { key, type, remark, services, refusal } = parts
  return {
    status: 'works',
    name,
    key,
    scopes: scopesOf(parts.scopes),
    type,
    ...(remark === undefined ? {} : { remark }),
    ...(services === undefined ? {} : { services }),
    ...(refusal === undefined ? {} : { refusal }),
    lower(statement, target, report) {
      const value = type.read(statement, report)
      if (value === undefined) return
      const options: { [P in K]?: OptionsDraft[P] } = target.options
      // The reader is of K's type, which the compiler cannot follow through the mapped type.
      options[key] = { value, span: valueSpan(statement) } as OptionsDraft[K]
    },
  }
}

/** A row for one kind of authenticator: a scope has one, whatever its kind. */
export function ofAuthenticator(
  name: string,
  kind: AuthenticatorValue['kind'],
  type: ValueType<AuthenticatorValue>,
): WorkingOption {
  return {
    ...works(name, {
      key: 'authenticator',
      scopes: 'E I O L W WG P',
      type,
      services: ['smtp', 'imap', 'pop3'],
    }),
    lower(statement, { options }, report) {
      const value = type.read(statement, report)
      const earlier = options.authenticator
      if (value === undefined) return
      const isOther = earlier !== undefined && ![kind, 'none'].includes(earlier.value.kind)
      // It cancels what an outer scope says, not what stands beside it.
      if (isOther && value.kind === 'none') return
      if (isOther) {
        report.error({
          code: 'momentum.mutually_exclusive',
          message: `${name} stands beside another authenticator, and one alone can decide`,
          span: statement.name.span,
          hint: `remove it, or the one in line ${earlier.span.line}`,
        })
        return
      }
      options.authenticator = { value, span: valueSpan(statement) }
    },
  }
}

type DaemonValue<K extends keyof DaemonOptions> = NonNullable<DaemonOptions[K]>['value']

/** A row for a global option that concerns the daemon. */
export function daemon<K extends keyof DaemonOptions>(
  name: string,
  key: K,
  type: ValueType<DaemonValue<K>>,
): WorkingOption {
  return {
    status: 'works',
    name,
    key,
    scopes: ['global'],
    type,
    lower(statement, target, report) {
      const value = type.read(statement, report)
      if (value === undefined) return
      const options: { [P in K]?: DaemonDraft[P] } = target.daemon
      // As in `works`.
      options[key] = { value, span: valueSpan(statement) } as DaemonDraft[K]
    },
  }
}

/** A row for an option that is the daemon's in the global scope and a session's in the others. */
export function alsoGlobal(inner: WorkingOption, outer: WorkingOption): WorkingOption {
  return {
    ...inner,
    scopes: [...outer.scopes, ...inner.scopes],
    lower(statement, target, report) {
      const row = target.kind === 'global' ? outer : inner
      row.lower(statement, target, report)
    },
  }
}

/** The row for `IPv6_Only`: it is about the address of a Listen, which no other scope has. */
export function ofListen(name: string, type: ValueType<boolean>): WorkingOption {
  return {
    status: 'works',
    name,
    key: 'isIpv6Only',
    scopes: ['listen'],
    type,
    lower(statement, { binding }, report) {
      const value = type.read(statement, report)
      if (value !== undefined) binding.isIpv6Only = { value, span: valueSpan(statement) }
    },
  }
}

/** A row for an option of a Limit_Conn_Zone. */
export function ofZone<K extends keyof ZoneDraft>(
  name: string,
  key: K,
  type: ValueType<ZoneValues[K]>,
): WorkingOption {
  return {
    status: 'works',
    name,
    key,
    scopes: ['limit_conn_zone'],
    type,
    lower(statement, target, report) {
      const value = type.read(statement, report)
      const zone: { [P in K]?: ZoneDraft[P] } = target.zone
      // As in `works`. A wrong value is kept as undefined, so that it does not count as missing.
      zone[key] = sourced(value, statement) as ZoneDraft[K]
    },
  }
}

/** A row for an option of a Limit_Conn. */
export function ofLimit<K extends keyof LimitDraft>(
  name: string,
  key: K,
  type: ValueType<LimitValues[K]>,
): WorkingOption {
  return {
    status: 'works',
    name,
    key,
    scopes: ['limit_conn'],
    type,
    lower(statement, target, report) {
      const value = type.read(statement, report)
      const limit: { [P in K]?: LimitDraft[P] } = target.limit
      // As in `ofZone`.
      limit[key] = sourced(value, statement) as LimitDraft[K]
    },
  }
}

type ClusterValue<K extends keyof ClusterDraft> = NonNullable<ClusterDraft[K]>['value']

/** A row for an option of a Cluster. */
export function ofCluster<K extends keyof ClusterDraft>(
  name: string,
  key: K,
  type: ValueType<ClusterValue<K>>,
): WorkingOption {
  return {
    status: 'works',
    name,
    key,
    scopes: ['cluster'],
    type,
    lower(statement, target, report) {
      const value = type.read(statement, report)
      const cluster: { [P in K]?: ClusterDraft[P] } = target.cluster
      // As in `ofZone`.
      cluster[key] = sourced(value, statement) as ClusterDraft[K]
    },
  }
}

/** The row for `Server`: an address may name the database, too. */
export function ofServers(name: string, type: ValueType<ServersValue>): WorkingOption {
  return {
    status: 'works',
    name,
    key: 'servers',
    scopes: ['cluster'],
    type,
    lower(statement, { cluster }, report) {
      const value = type.read(statement, report)
      cluster.servers = sourced(value?.servers, statement)
      if (value?.database !== undefined) cluster.database = value.database
    },
  }
}

/** A row for an option that two kinds of scope have, each in its own way. */
export function eitherOf(one: WorkingOption, other: WorkingOption): WorkingOption {
  return {
    ...one,
    scopes: [...one.scopes, ...other.scopes],
    lower(statement, target, report) {
      const row = one.scopes.includes(target.kind) ? one : other
      row.lower(statement, target, report)
    },
  }
}

function sourced<T>(value: T | undefined, statement: OptionStatement): Sourced<T> | undefined {
  return value === undefined ? undefined : { value, span: valueSpan(statement) }
}

/** Rows for options that are accepted with one warning each; `names` separated by blanks. */
export function ignored(names: string, scopes: string, reason: string): IgnoredOption[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => ({ status: 'warns', name, scopes: scopesOf(scopes), reason }))
}
