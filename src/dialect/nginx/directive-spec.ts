// What the directive table says about one directive, and the functions that make its rows.

import type { Endpoint } from '../../base/address.ts'
import type { Span } from '../../base/diagnostic.ts'
import type { ClusterCount, ClusterOptions } from '../../policy/cluster.ts'
import type { NetPrefixes } from '../../policy/key.ts'
import type { NameServer } from '../../policy/name-server.ts'
import type { LimitConn, UpstreamAddress } from '../../policy/options.ts'
import type { NginxCode } from './codes.ts'
import type { ListenValue } from './listen.ts'
import type { Directive, Word } from './syntax.ts'
import type { ZoneTable } from './zone-table.ts'

/** Blocks a directive can stand in. `peer` is Postern's: the options of one source block. */
export const contexts = ['main', 'events', 'mail', 'server', 'peer'] as const
export type Context = (typeof contexts)[number]

/** The arguments of a directive, read. */
export type Value =
  | { readonly kind: 'block' }
  | { readonly kind: 'flag'; readonly isOn: boolean }
  | { readonly kind: 'duration'; readonly ms: number }
  | { readonly kind: 'size'; readonly sizeBytes: number }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'choice'; readonly choice: string }
  | { readonly kind: 'set'; readonly choices: readonly string[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'texts'; readonly texts: readonly string[] }
  /** `capMax` absent: 0 was written, no limit. */
  | { readonly kind: 'cap'; readonly capMax?: number; readonly cluster?: ClusterCount }
  | { readonly kind: 'cluster'; readonly cluster: Omit<ClusterOptions, 'span'> }
  | { readonly kind: 'addresses'; readonly addresses: readonly UpstreamAddress[] }
  | { readonly kind: 'endpoint'; readonly endpoint: Endpoint }
  | ({ readonly kind: 'resolver' } & ResolverParts)
  | { readonly kind: 'url'; readonly url: AuthUrl }
  | { readonly kind: 'zone'; readonly zone: ZoneValue }
  | (Omit<LimitConn, 'span'> & { readonly kind: 'limit' })
  | ListenValue

/** What `resolver` says; no servers: `off`. */
interface ResolverParts {
  readonly servers: readonly NameServer[]
  readonly isIpv4: boolean
  readonly isIpv6: boolean
  /** Absent: as long as DNS says. */
  readonly validMs?: number
}

/** Where `auth_http` asks. */
export interface AuthUrl {
  readonly isTls: boolean
  readonly address: UpstreamAddress
  /** For the Host header: without the port, as nginx writes it. */
  readonly host: string
  readonly path: string
}

/** What `limit_conn_zone` declares. */
export interface ZoneValue {
  readonly name: string
  readonly key: string
  readonly sizeBytes: number
  /** Keys that differ in case alone are one key (SEMANTICS S15). */
  readonly isCaseFolded: boolean
  /** `net=24/64`: how much of an address `$remote_net` keeps. */
  readonly net?: NetPrefixes
  /** `cluster`: counted over all nodes. */
  readonly cluster?: ClusterCount
}

export interface Problem {
  readonly code: NginxCode
  /** nginx's words, without the place. */
  readonly message: string
  /** The argument at fault; absent: the directive as a whole. */
  readonly word?: Word | undefined
  readonly hint?: string | undefined
}

export type ValueResult =
  { readonly value: Value; readonly warnings?: readonly Problem[] } | { readonly problem: Problem }

/** What a reader may look at besides its own directive. */
export interface ReadState {
  readonly zones: ZoneTable
  /** Words of this set that earlier directives of the same name in the same block had. */
  readonly earlierWords: Set<string>
  /** Names of the zones that the same block limits already. */
  readonly limitedZones: Set<string>
  /** Endpoints of the whole text. */
  readonly endpoints: Map<string, Span>
}

/** Reads the arguments of a directive whose number is already known to be right. */
export interface ValueType {
  /** Syntax of the arguments, for the docs. */
  readonly syntax: string
  /** Arguments that are right, for the docs and the tests. */
  readonly example: string
  read(directive: Directive, state: ReadState): ValueResult
}

export interface DirectiveSpec {
  readonly name: string
  /** nginx's module, or `postern`. */
  readonly module: string
  readonly contexts: readonly Context[]
  readonly argsMin: number
  readonly argsMax: number
  readonly type: ValueType
  /** The block it opens; `skipped`: one whose directives are not looked at. */
  readonly block?: Context | 'skipped'
  /** A second one in the same block is an error, or adds to the first, or replaces it. */
  readonly duplicate: 'error' | 'adds' | 'replaces'
  /** Arguments that stand for a missing directive, as nginx's manual writes them. */
  readonly default?: string
  /** `list`: all of the outer ones, if and only if the inner block has none. */
  readonly inherit: 'none' | 'value' | 'list'
  readonly status: 'works' | 'warns' | 'later'
  /** What it does, or why Postern does not act on it; follows the directive's name. */
  readonly about: string
  /** A value for which there is nothing to warn about, or to refuse. */
  readonly agreesWith?: string
}

type Arguments = number | readonly [number, number]

/** A row as the tables write it; what is left out is what most directives are. */
interface Row {
  readonly name: string
  /** Separated by blanks. Left out: `mail server`. */
  readonly in?: string
  /** How many, or from how many to how many. Left out: 1. */
  readonly args?: Arguments
  readonly type: ValueType
  readonly block?: Context | 'skipped'
  readonly duplicate?: DirectiveSpec['duplicate']
  readonly default?: string
  readonly inherit?: DirectiveSpec['inherit']
  readonly status?: DirectiveSpec['status']
  readonly about: string
  readonly agreesWith?: string
}

/** No directive takes more: as many as a line can hold. */
export const anyNumber: number = Number.MAX_SAFE_INTEGER

/** The rows of one module. */
export function moduleRows(module: string, rows: readonly Row[]): readonly DirectiveSpec[] {
  return rows.map((row) => {
    const { in: where = 'mail server', args = 1, block, agreesWith, ...rest } = row
    const [argsMin, argsMax] = typeof args === 'number' ? [args, args] : args
    const places = contextsOf(where)
    return {
      duplicate: 'error',
      inherit: places.length > 1 ? 'value' : 'none',
      status: 'works',
      ...rest,
      module,
      contexts: places,
      argsMin,
      argsMax,
      ...(block === undefined ? {} : { block }),
      ...(agreesWith === undefined ? {} : { agreesWith }),
    }
  })
}

function contextsOf(text: string): readonly Context[] {
  return text.split(' ').map((word) => {
    const context = contexts.find((known) => known === word)
    if (context === undefined) throw new Error(`postern: nginx has no context ${word}`)
    return context
  })
}
