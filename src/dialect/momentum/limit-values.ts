// What stands in Limit_Conn_Zone and Limit_Conn: the values, and the drafts they are gathered in.

import type { Sourced } from '../../base/diagnostic.ts'
import type { WhenAway } from '../../policy/cluster.ts'
import { parseKey, parseNetPrefixes } from '../../policy/key.ts'
import type { KeyExpression, NetPrefixes } from '../../policy/key.ts'
import type { LimitLogLevel } from '../../policy/options.ts'
import { integer } from './numbers.ts'
import { quoted } from './report.ts'
import { choice, flag, scalarType, wrongForm } from './values.ts'
import type { ValueType } from './values.ts'

/** A Limit_Conn_Zone while it is being read. `undefined` under a name: written, and wrong. */
export interface ZoneDraft {
  key?: Sourced<KeyExpression> | undefined
  sizeBytes?: Sourced<number> | undefined
  foldsCase?: Sourced<boolean> | undefined
  net?: Sourced<NetPrefixes> | undefined
  isCluster?: Sourced<boolean> | undefined
  whenAway?: Sourced<WhenAway> | undefined
  block?: Sourced<number> | undefined
}

/** A Limit_Conn while it is being read, likewise. */
export interface LimitDraft {
  capMax?: Sourced<number> | undefined
  isDryRun?: Sourced<boolean> | undefined
  logLevel?: Sourced<LimitLogLevel> | undefined
}

/** The value that each name of a draft gets. */
type Inner<T> = {
  readonly [K in keyof T]-?: NonNullable<T[K]> extends Sourced<infer V> ? V : never
}

export type ZoneValues = Inner<ZoneDraft>
export type LimitValues = Inner<LimitDraft>

/** What a session is counted by; its mistakes are the policy's to explain. */
export const zoneKey: ValueType<KeyExpression> = {
  title: 'variables of a session',
  example: '"$remote_user"',
  read(statement, report) {
    if (statement.kind !== 'scalar') return wrongForm(statement, this.title, report)
    const { text, span } = statement.value
    const { key, diagnostics } = parseKey({ value: text, span })
    for (const { severity, message, hint, span: at = span } of diagnostics) {
      if (severity === 'error') report.error({ code: 'policy.bad_key', message, span: at, hint })
      else report.warn({ code: 'policy.key_never_matches', message, span: at, hint })
    }
    return key
  },
}

/** `Fold_Case`: keys that differ in case alone are one (SEMANTICS S15). */
export const zoneFold: ValueType<boolean> = flag

/** `Cluster`: counted over all nodes. */
export const zoneCluster: ValueType<boolean> = flag

/** How much of an address `$remote_net` keeps: of IPv4, and of IPv6. */
export const zoneNet: ValueType<NetPrefixes> = scalarType({
  title: 'two prefix lengths',
  example: '"24/64"',
  parse(text) {
    const value = parseNetPrefixes(text)
    if (value !== undefined) return { value }
    const problem = `takes the prefix lengths of IPv4 and IPv6, not ${quoted(text)}`
    return { code: 'momentum.bad_value', problem, hint: 'write them as in "24/64"' }
  },
})

// freenginx: eight pages of 4 KiB, less than which no zone can do with.
const sizeMin = 32_768
// A terabyte: no machine has room for a zone of that size, so what is larger is a mistake.
const sizeMax = 2 ** 40
const factors: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1_048_576 }

/** freenginx's sizes: bytes, or a number with k or m. */
export const zoneSize: ValueType<number> = scalarType({
  title: 'a size',
  example: '"10m"',
  parse(text) {
    const [, digits = '', unit = ''] = /^(\d+)([km]?)$/i.exec(text) ?? []
    const value = Number(digits) * (factors[unit.toLowerCase()] ?? 0)
    if (digits === '') {
      const hint = 'write bytes, or a number with k or m, as in "10m"'
      return { code: 'momentum.wrong_type', problem: `takes a size, not ${quoted(text)}`, hint }
    }
    if (value >= sizeMin && value <= sizeMax) return { value }
    const problem = `must be 32k at least and 1048576m at most, not ${quoted(text)}`
    return { code: 'momentum.out_of_range', problem }
  },
})

/** freenginx's bounds of a limit. */
export const limitCap: ValueType<number> = integer(1, 65_535)

export const limitDryRun: ValueType<boolean> = flag

export const limitLogLevel: ValueType<LimitLogLevel> = choice(['info', 'notice', 'warn', 'error'])
