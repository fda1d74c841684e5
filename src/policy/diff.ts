// What another policy would change, for whoever decides whether it shall: listens, limits, zones,
// options. Values that may be secret are not shown.

import type { Span } from '../base/diagnostic.ts'
import { limitTable } from './limit-table.ts'
import type { LimitRow } from './limit-table.ts'
import type { OptionName, Options } from './options.ts'
import { optionNames } from './options-list.ts'
import type { Policy, Scope } from './policy.ts'

export interface PolicyChange {
  readonly kind: 'listen' | 'limit' | 'zone' | 'option' | 'daemon'
  readonly what: 'added' | 'removed' | 'changed'
  /** The Listen, the limit's id, the zone; or the option, and in which scope. */
  readonly name: string
  readonly scope?: string
  /** As JSON. */
  readonly before?: string
  readonly after?: string
  /** Where the new policy says so; of what is removed, where the old one did. */
  readonly origin?: Span
}

/** Whose values are passwords, or may hold one. */
const secretOptions: readonly OptionName[] = ['authHttpHeaders', 'context']

export function isSecretOption(option: OptionName): boolean {
  return secretOptions.includes(option)
}

/** In the order listens, limits, zones, options; empty: both do the same. */
export function diffPolicies(before: Policy, after: Policy): readonly PolicyChange[] {
  return [
    ...compare('listen', listensOf(before), listensOf(after)),
    ...compare('limit', limitsOf(before), limitsOf(after)),
    ...compare('zone', zonesOf(before), zonesOf(after)),
    ...compare('option', optionsOf(before), optionsOf(after)),
    ...compare('daemon', daemonOf(before), daemonOf(after)),
  ]
}

interface Fact {
  readonly name: string
  readonly scope?: string
  readonly text: string
  readonly isSecret?: true
  readonly origin: Span
}

type Facts = ReadonlyMap<string, Fact>

function compare(kind: PolicyChange['kind'], before: Facts, after: Facts): PolicyChange[] {
  const removed = [...before].filter(([at]) => !after.has(at))
  const changes = [...after].flatMap(([at, fact]): PolicyChange[] => {
    const old = before.get(at)
    if (old === undefined)
      return [{ ...headOf(kind, fact), what: 'added', ...shown('after', fact) }]
    if (old.text === fact.text) return []
    const values = { ...shown('before', old), ...shown('after', fact) }
    return [{ ...headOf(kind, fact), what: 'changed', ...values }]
  })
  return [
    ...changes,
    ...removed.map(([, fact]): PolicyChange => {
      return { ...headOf(kind, fact), what: 'removed', ...shown('before', fact) }
    }),
  ]
}

function headOf(
  kind: PolicyChange['kind'],
  { name, scope, origin }: Fact,
): Pick<PolicyChange, 'kind' | 'name' | 'scope' | 'origin'> {
  return { kind, name, ...(scope === undefined ? {} : { scope }), origin }
}

function shown(
  side: 'before' | 'after',
  { text, isSecret }: Fact,
): Pick<PolicyChange, 'before' | 'after'> {
  return isSecret === true ? {} : { [side]: text }
}

function listensOf(policy: Policy): Facts {
  const all = policy.listeners.flatMap(({ listens }) => listens)
  return new Map(all.map(({ id, span }) => [id, { name: id, text: id, origin: span }]))
}

function limitsOf(policy: Policy): Facts {
  const textOf = ({ capMax = 0, isDryRun }: LimitRow): string =>
    JSON.stringify({ capMax, isDryRun })
  return new Map(
    limitTable(policy).map((row) => [
      row.id,
      { name: row.id, scope: row.scope, text: textOf(row), origin: row.origin },
    ]),
  )
}

function zonesOf({ zones }: Policy): Facts {
  return new Map(
    zones.map(({ name, sizeBytes, key, span }) => [
      name,
      { name, text: JSON.stringify({ key: key.text, sizeBytes }), origin: span },
    ]),
  )
}

/** These are limits, and told as such. */
const capOptions: readonly OptionName[] = ['serviceSessions', 'listenerSessions', 'limitConns']

function optionsOf(policy: Policy): Facts {
  const facts = new Map<string, Fact>()
  for (const scope of scopesOf(policy)) {
    const options: Options = scope.options
    for (const name of optionNames) {
      const sourced = options[name]
      if (sourced === undefined || capOptions.includes(name)) continue
      facts.set(`${scope.label}\0${name}`, {
        name,
        scope: scope.label,
        text: JSON.stringify(sourced.value),
        ...(isSecretOption(name) ? { isSecret: true } : {}),
        origin: sourced.span,
      })
    }
  }
  return facts
}

function scopesOf(policy: Policy): readonly Scope[] {
  return [
    policy.global,
    ...policy.listeners.flatMap((listener) => [
      listener,
      ...listener.peers,
      ...listener.listens.flatMap((listen) => [listen, ...listen.peers]),
    ]),
    ...policy.pathways,
    ...policy.pathwayGroups,
  ]
}

function daemonOf({ daemon }: Policy): Facts {
  return new Map(
    Object.entries(daemon).map(([name, { value, span }]) => [
      name,
      { name, text: JSON.stringify(value), origin: span },
    ]),
  )
}
