// From a chain of scopes to the limits a session must fit and the values of its other options.
// SEMANTICS S7 to S11 and S18 are decided here, and nowhere else.

import type { Sourced } from '../base/diagnostic.ts'
import { chainFor } from './chain.ts'
import type { Chain, ChainRequest } from './chain.ts'
import { clusterDefaults } from './cluster.ts'
import type { ClusterCount, LimitCluster } from './cluster.ts'
import { defaults } from './defaults.ts'
import type { DefaultedName } from './defaults.ts'
import type { Limit, Tier } from './limit.ts'
import type { CapValue, OptionName, OptionValues, Options } from './options.ts'
import { settingNames } from './options-list.ts'
import type { Effective, KeyedLimit, Plan, Settings } from './plan.ts'
import type { Policy, Scope } from './policy.ts'

/**
 * All connect-stage budgets live in one zone, so one lock makes the stage atomic (SEMANTICS S17).
 */
export const connectZone = 'connect'

/** A value found, and the scope it was found in. */
export interface Found<K extends OptionName> {
  readonly scope: Scope
  readonly sourced: Sourced<OptionValues[K]>
}

/**
 * The first scope that sets the option; any explicit value, 0 and false included, ends the search.
 */
export function findOption<K extends OptionName>(
  scopes: readonly Scope[],
  option: K,
): Found<K> | undefined {
  for (const scope of scopes) {
    const options: Options = scope.options
    const sourced = options[option]
    if (sourced !== undefined) return { scope, sourced }
  }
  return undefined
}

/** Everything the policy says about one kind of session. */
export function planFor(request: ChainRequest): Plan {
  const chain = chainFor(request)
  return {
    listener: chain.listener,
    listen: chain.listen,
    limits: limitsOf(chain),
    keyedLimits: keyedLimitsOf(chain),
    settings: settingsOf(chain),
  }
}

/** In the order of SEMANTICS S17: block before shared, listener before service. */
export function limitsOf(chain: Chain): Limit[] {
  return [
    ...blockLimit(chain, 'listenerSessions'),
    ...blockLimit(chain, 'serviceSessions'),
    sharedLimit(chain, 'listenerSessions'),
    sharedLimit(chain, 'serviceSessions'),
  ]
}

type CountedOption = 'listenerSessions' | 'serviceSessions'

/**
 * The budget of the most specific Peer that sets the option (S8), or, when none does, of the most
 * specific Peer, without a cap: every session counts in its block (S4).
 */
function blockLimit(chain: Chain, option: CountedOption): Limit[] {
  const found = findOption(chain.peers, option)
  const peer = found?.scope ?? chain.peers[0]
  if (peer === undefined) return []
  const word = limitWord(option)
  // A Listener's Peer is counted on each Listen of its own for listener_sessions; a Listen's Peer
  // sees the sessions of its Listen only, and its label says so already.
  const where = option === 'listenerSessions' ? ` on ${chain.listen.id}` : ''
  return [
    limit({
      chain,
      option,
      tier: 'block',
      found,
      key: `${word} of ${peer.label}${where}`,
      label: peer.label,
    }),
  ]
}

function sharedLimit(chain: Chain, option: CountedOption): Limit {
  const found = findOption(chain.shared, option)
  const isService = option === 'serviceSessions'
  const key = isService ? `service ${chain.listener.service}` : `listen ${chain.listen.id}`
  const label = isService ? chain.listener.label : chain.listen.label
  return limit({ chain, option, tier: 'shared', found, key, label })
}

interface LimitParts {
  readonly chain: Chain
  readonly option: CountedOption
  readonly tier: Tier
  readonly found: Found<CountedOption> | undefined
  readonly key: string
  /** What is counted, for a limit that no scope caps. */
  readonly label: string
}

function limit(parts: LimitParts): Limit {
  const { found } = parts
  const value: CapValue = found === undefined ? {} : found.sourced.value
  return {
    kind: 'limit',
    stage: 'connect',
    option: limitWord(parts.option),
    tier: parts.tier,
    zone: connectZone,
    key: parts.key,
    scope: found?.scope.label ?? parts.label,
    ...(value.capMax === undefined ? {} : { capMax: value.capMax }),
    isDryRun: flagBeside(parts, dryRunOf[parts.option]) ?? false,
    logLevel: 'error',
    ...(value.capMax === undefined
      ? {}
      : clusterOf(parts.chain.policy, flagBeside(parts, clusterFlagOf[parts.option]))),
    ...(found === undefined ? {} : { origin: found.sourced.span }),
  }
}

const dryRunOf = {
  serviceSessions: 'serviceSessionsDryRun',
  listenerSessions: 'listenerSessionsDryRun',
} as const

const clusterFlagOf = {
  serviceSessions: 'serviceSessionsCluster',
  listenerSessions: 'listenerSessionsCluster',
} as const

/**
 * Dry run belongs to the limit (S18), and so does counting over all nodes. A flag beside a cap is
 * about that cap and no other; a flag in a scope without the cap is the default for the caps inside
 * it.
 */
function flagBeside<K extends OptionName>(parts: LimitParts, flag: K): OptionValues[K] | undefined {
  const { chain, found, option } = parts
  if (found === undefined) return undefined
  const scopes = parts.tier === 'shared' ? chain.shared : chain.scopes
  const outward = scopes.slice(scopes.indexOf(found.scope))
  const isAbout = (scope: Scope): boolean =>
    scope === found.scope || scope.options[option] === undefined
  return findOption(outward.filter(isAbout), flag)?.sourced.value
}

/** What a limit over all nodes does by itself, and what by the cluster's default. */
function clusterOf(
  policy: Policy,
  count: ClusterCount | undefined,
): { readonly cluster?: LimitCluster } {
  if (count?.isCounted !== true) return {}
  const { block } = count
  const whenAway = count.whenAway ?? policy.cluster?.whenAway?.value ?? clusterDefaults.whenAway
  return { cluster: { whenAway, ...(block === undefined ? {} : { block }) } }
}

/** The innermost list, whole (S14); dry run and log level are looked for each on its own. */
export function keyedLimitsOf(chain: Chain): KeyedLimit[] {
  const found = findOption(chain.scopes, 'limitConns')
  if (found === undefined) return []
  const isDry = findOption(chain.scopes, 'limitConnDryRun')?.sourced.value ?? false
  const level = findOption(chain.scopes, 'limitConnLogLevel')?.sourced.value ?? 'error'
  const limits = found.sourced.value
  // A zone asked twice would count a session twice; every dialect reports that, the first one counts.
  const first = limits.filter((one) => limits.find(({ zone }) => zone === one.zone) === one)
  return first.map((one) => ({
    zone: one.zone,
    capMax: one.capMax,
    isDryRun: one.isDryRun ?? isDry,
    logLevel: one.logLevel ?? level,
    ...clusterOf(chain.policy, chain.policy.zones.find(({ name }) => name === one.zone)?.cluster),
    scope: found.scope.label,
    origin: one.span,
  }))
}

function limitWord(option: CountedOption): 'service_sessions' | 'listener_sessions' {
  return option === 'serviceSessions' ? 'service_sessions' : 'listener_sessions'
}

function settingsOf(chain: Chain): Settings {
  const settings: Partial<Record<OptionName, Effective<unknown>>> = {}
  for (const [name, value] of Object.entries(defaults)) {
    settings[name as DefaultedName] = { value } // entries of a literal typed by DefaultedName
  }
  for (const name of settingNames) {
    const found = findOption(chain.scopes, name)
    if (found === undefined) continue
    const { value, span } = found.sourced
    settings[name] = { value, origin: span, scope: found.scope.label }
  }
  // Each name got the value type that Options gives it, and every default is in place.
  return settings as Settings
}
