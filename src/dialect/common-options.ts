// What several scopes have in common may be said once around them; how it is found, and left out.

import type { OptionName, Options } from '../policy/options.ts'

/** Flags are about the cap beside them, so they move together or not at all (SEMANTICS S18). */
const pairs: readonly (readonly [OptionName, OptionName])[] = [
  ['serviceSessions', 'serviceSessionsDryRun'],
  ['listenerSessions', 'listenerSessionsDryRun'],
  ['serviceSessions', 'serviceSessionsCluster'],
  ['listenerSessions', 'listenerSessionsCluster'],
]

/** The options that all of them set, to the same values. */
export function commonOptions(all: readonly Options[]): Options {
  const [first, ...others] = all
  if (first === undefined || others.length === 0) return {}
  const names = Object.keys(first) as OptionName[] // keys of Options
  const equal = names.filter((name) => others.every((other) => isSame(first, other, name)))
  const isSplit = (cap: OptionName): boolean =>
    pairs
      .filter(([name]) => name === cap)
      .flat()
      .some((name) => all.some((options) => !isAlike(first, options, name)))
  const kept = equal.filter(
    (name) => !pairs.some((pair) => pair.includes(name) && isSplit(pair[0])),
  )
  return pick(first, kept)
}

/** The options that are not among the common ones. */
export function withoutOptions(options: Options, common: Options): Options {
  const names = Object.keys(options) as OptionName[] // keys of Options
  const own = names.filter((name) => !isSame(options, common, name))
  // A cap that stays keeps its flags.
  const added = pairs.flatMap(([cap, flag]) =>
    own.includes(cap) && options[flag] !== undefined && !own.includes(flag) ? [flag] : [],
  )
  return pick(options, [...own, ...added])
}

function pick(options: Options, names: readonly OptionName[]): Options {
  return Object.fromEntries(names.map((name) => [name, options[name]]))
}

/** Both set, to the same value. */
function isSame(one: Options, other: Options, name: OptionName): boolean {
  return one[name] !== undefined && isAlike(one, other, name)
}

function isAlike(one: Options, other: Options, name: OptionName): boolean {
  return valueText(one, name) === valueText(other, name)
}

/** A value without its places. */
function valueText(options: Options, name: OptionName): string {
  return JSON.stringify(options[name]?.value, (key, inner: unknown) =>
    key === 'span' ? undefined : inner,
  )
}
