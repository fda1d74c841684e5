// What a policy does, apart from how it is written: two policies with one meaning treat every
// session alike. It proves a conversion, and tells where one falls short.

import type { Block, Endpoint } from '../base/address.ts'
import type { Span } from '../base/diagnostic.ts'
import { peerTable } from './chain.ts'
import { planFor } from './fallback.ts'
import type { LimitCluster } from './cluster.ts'
import { loginDefaults } from './login-defaults.ts'
import { asksSomebody } from './login.ts'
import type { OptionName, TrustedProxies } from './options.ts'
import { settingNames } from './options-list.ts'
import type { Plan, SettingName } from './plan.ts'
import type { Listen, Listener, Policy } from './policy.ts'
import { probesOf } from './probes.ts'
import { reachesPlan } from './reach.ts'

/** One difference between two policies, and where the first one says what the second does not. */
export interface MeaningDifference {
  /** The option, or what else differs. */
  readonly what: OptionName | 'limits' | 'zones' | 'daemon' | 'cluster' | 'listen'
  /** Where it shows: a Listen, and a source address if that matters. */
  readonly where: string
  /** As JSON: absent where there is nothing. */
  readonly one: string | undefined
  readonly other: string | undefined
  /** Where the first policy says it. */
  readonly span: Span | undefined
}

/** All differences; none: both mean the same. */
export function compareMeaning(one: Policy, other: Policy): readonly MeaningDifference[] {
  const budgets = [new Numbering(), new Numbering()] as const
  const places = listenPairs(one, other)
  return [
    ...compareDaemons(one, other),
    ...compareClusters(one, other),
    ...compareZones(one, other),
    ...places.flatMap((place) => compareListens(place, budgets)),
  ]
}

/** Numbers names in the order in which they come: the same parts, the same numbers. */
class Numbering {
  readonly #numbers = new Map<string, number>()

  of(name: string): number {
    const known = this.#numbers.get(name) ?? this.#numbers.size + 1
    this.#numbers.set(name, known)
    return known
  }
}

/** A Listen of one policy, with what its plans are made from. */
interface Side {
  readonly policy: Policy
  readonly listener: Listener
  readonly listen: Listen
}

interface ListenPair {
  readonly key: string
  readonly one: Side | undefined
  readonly other: Side | undefined
}

function listenPairs(one: Policy, other: Policy): readonly ListenPair[] {
  const [ones, others] = [sidesOf(one), sidesOf(other)]
  const keys = [...new Set([...ones.keys(), ...others.keys()])].toSorted()
  return keys.map((key) => ({ key, one: ones.get(key), other: others.get(key) }))
}

/** The Listens that are bound, by what they are bound to. */
function sidesOf(policy: Policy): ReadonlyMap<string, Side> {
  const sides = policy.listeners.flatMap((listener) =>
    listener.listens.flatMap((listen): [string, Side][] => {
      const isEnabled = listen.options.enable ?? listener.options.enable
      if (isEnabled?.value === false) return []
      return [[endpointKey(listen.endpoint), { policy, listener, listen }]]
    }),
  )
  return new Map(sides)
}

function endpointKey(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`
  const { host, port, isIpv6Only } = endpoint
  if (host === '*' || (host === '::' && isIpv6Only !== true)) return `*:${port}`
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

type Numberings = readonly [Numbering, Numbering]

function compareListens({ key, one, other }: ListenPair, budgets: Numberings): MeaningDifference[] {
  if (one === undefined || other === undefined || one.listener.service !== other.listener.service) {
    const [first, second] = [one?.listener.service, other?.listener.service]
    return [{ what: 'listen', where: key, one: first, other: second, span: one?.listen.span }]
  }
  const blocks = [...blocksOf(one), ...blocksOf(other)]
  const [plansOne, plansOther] = [plansOf(one), plansOf(other)]
  const seen = new Set<string>()
  return [undefined, ...probesOf(blocks)].flatMap((address) => {
    const sessions = [
      { policy: one.policy, plan: plansOne(address) },
      { policy: other.policy, plan: plansOther(address) },
    ] as const
    const found = comparePlans(...sessions, budgets)
    // What differs for all clients is said once.
    const fresh = found.filter((difference) => {
      const text = JSON.stringify([difference.what, difference.one, difference.other])
      return seen.has(text) ? false : seen.add(text)
    })
    const where = address === undefined ? key : `${key} from ${address.text}`
    return fresh.map((difference) => ({ ...difference, where }))
  })
}

function blocksOf({ listener, listen }: Side): readonly Block[] {
  return [...listener.peers, ...listen.peers].map(({ block }) => block)
}

function plansOf({
  policy,
  listener,
  listen,
}: Side): (address: Parameters<typeof planFor>[0]['address']) => Plan {
  const [listenPeers, listenerPeers] = [peerTable(listen.peers), peerTable(listener.peers)]
  return (address) => planFor({ policy, listener, listen, listenPeers, listenerPeers, address })
}

type PlanDifference = Omit<MeaningDifference, 'where'>

/** What a policy does with one kind of session. */
interface Session {
  readonly policy: Policy
  readonly plan: Plan
}

function comparePlans(one: Session, other: Session, budgets: Numberings): PlanDifference[] {
  const limits = limitDifference(one, other, budgets)
  const settings = settingNames.flatMap((name): PlanDifference[] => {
    const [first, second] = [settingText(one.plan, name), settingText(other.plan, name)]
    if (first === second) return []
    const span = one.plan.settings[name]?.origin ?? one.plan.listen.span
    return [{ what: name, one: first, other: second, span }]
  })
  return [...limits, ...settings]
}

function clusterText(cluster: LimitCluster | undefined): string {
  if (cluster === undefined) return ''
  const block = cluster.block === undefined ? '' : `, ${cluster.block} at once`
  return ` over all nodes (${cluster.whenAway}${block})`
}

/** Caps with who shares each of them; what has no cap is counted, and decides nothing. */
function limitDifference(one: Session, other: Session, budgets: Numberings): PlanDifference[] {
  const [ones, others] = [limitTexts(one, budgets[0]), limitTexts(other, budgets[1])]
  if (JSON.stringify(ones) === JSON.stringify(others)) return []
  const { limits, keyedLimits, listen } = one.plan
  const span = limits.find(({ origin }) => origin !== undefined)?.origin
  const only = (mine: readonly string[], theirs: readonly string[]): string =>
    mine.filter((text) => !theirs.includes(text)).join(', ') || 'in another order'
  return [
    {
      what: 'limits',
      one: only(ones, others),
      other: only(others, ones),
      span: span ?? keyedLimits[0]?.origin ?? listen.span,
    },
  ]
}

/** In the order in which they are asked. Equal numbers are one budget, or one listener. */
function limitTexts({ plan, policy }: Session, budgets: Numbering): readonly string[] {
  const connect = plan.limits.flatMap(({ option, tier, key, capMax, isDryRun, cluster }) => {
    if (capMax === undefined) return []
    const dry = isDryRun ? ' dry run' : ''
    const over = clusterText(cluster)
    return [`${option} ${capMax}${dry}${over} (${tier}, budget ${budgets.of(key)})`]
  })
  const isAsked = reachesPlan('limitConns', plan)
  const keyed = (isAsked ? plan.keyedLimits : []).map(({ zone, capMax, isDryRun, logLevel }) => {
    const variables = policy.zones.find(({ name }) => name === zone)?.key.variables ?? []
    const has = (kind: string): boolean => variables.some((variable) => variable.kind === kind)
    // A listener is one value, whatever it is called.
    const listener = has('listener') ? ` listener ${budgets.of(plan.listener.label)}` : ''
    const pathway = has('pathway') ? ` pathway ${plan.settings.pathway?.value ?? ''}` : ''
    return `limit_conn ${zone} ${capMax}${isDryRun ? ' dry run' : ''} ${logLevel}${listener}${pathway}`
  })
  return [...connect, ...keyed]
}

function settingText(plan: Plan, name: SettingName): string | undefined {
  const { authenticator, upstream: _upstream, ...others } = plan.settings
  const value: unknown = plan.settings[name]?.value ?? defaultOf(name)
  if (value === undefined || !reachesPlan(name, plan)) return undefined
  const isLogin = asksSomebody(authenticator?.value)
  if (name.startsWith('upstreamTls') && others.upstreamTls.value === 'off') return undefined
  // Nobody is asked.
  if (name.startsWith('resolver') && (others.resolver?.value ?? []).length === 0) return undefined
  switch (name) {
    case 'pathway':
      // What it says is compared; what it is called is compared where something is counted by it.
      return undefined
    case 'authenticator':
      return isLogin ? textOf(value) : undefined
    case 'upstream':
      // The auth server names it.
      return authenticator?.value.kind === 'http' ? undefined : textOf(value)
    case 'upstreamXclient':
      return plan.listener.service === 'pop3' && !isLogin ? undefined : textOf(value)
    case 'realIpFrom':
      return believesAll(others.realIpFrom?.value) ? undefined : textOf(value)
    case 'tlsVerifyDepth':
      // No chain is as long.
      return Number(value) >= 100 ? undefined : textOf(value)
    case 'tlsTicketKey':
      // The first alone seals and opens tickets.
      return textOf(others.tlsTicketKey?.value.files[0]?.value)
    case 'tlsKey':
      return textOf(value) === textOf(others.tlsCertificate?.value) ? undefined : textOf(value)
    case 'context':
      return textOf(value) === '{}' ? undefined : textOf(value)
    default:
      return textOf(value)
  }
}

/** What holds where nothing is set, for the options whose defaults no plan has. */
function defaultOf(name: OptionName): unknown {
  // These two stand aside for what smtpExtensions says.
  if (name === 'starttls' || name === 'smtpCapabilities') return undefined
  const values: { readonly [K in OptionName]?: unknown } = loginDefaults
  return values[name]
}

/** A value without the places it was written at, and with its fields in one order. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (key === 'span') return undefined
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(
      Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    )
  })
}

/** Everybody is as good as no list at all. */
function believesAll(trusted: TrustedProxies | undefined): boolean {
  const has = (text: string): boolean =>
    trusted?.blocks.some((block) => block.text === text) ?? false
  return trusted?.isUnixTrusted === true && has('0.0.0.0/0') && has('::/0')
}

function compareDaemons(one: Policy, other: Policy): MeaningDifference[] {
  const [first, second] = [daemonFacts(one), daemonFacts(other)]
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])]
  return names.flatMap((name): MeaningDifference[] => {
    const [a, b] = [first[name], second[name]]
    if (a?.text === b?.text) return []
    return [{ what: 'daemon', where: name, one: a?.text, other: b?.text, span: a?.span }]
  })
}

interface Fact {
  readonly text: string
  readonly span: Span
}

/** A false flag is none. */
function daemonFacts({ daemon }: Policy): Readonly<Record<string, Fact | undefined>> {
  return Object.fromEntries(
    Object.entries(daemon).flatMap(([name, { value, span }]) =>
      value === false ? [] : [[name, { text: textOf(value), span }]],
    ),
  )
}

/** The store, as it is written: defaults differ from no language to another. */
function compareClusters(one: Policy, other: Policy): MeaningDifference[] {
  const [first, second] = [clusterFacts(one), clusterFacts(other)]
  const names = [...new Set([...first.keys(), ...second.keys()])]
  return names.flatMap((name): MeaningDifference[] => {
    const [a, b] = [first.get(name), second.get(name)]
    if (a?.text === b?.text) return []
    return [{ what: 'cluster', where: name, one: a?.text, other: b?.text, span: a?.span }]
  })
}

function clusterFacts({ cluster }: Policy): ReadonlyMap<string, Fact> {
  if (cluster === undefined) return new Map()
  const { span: _span, ...options } = cluster
  return new Map(
    Object.entries(options).map(([name, { value, span }]) => [name, { text: textOf(value), span }]),
  )
}

function compareZones(one: Policy, other: Policy): MeaningDifference[] {
  const [first, second] = [zoneTexts(one), zoneTexts(other)]
  const names = [...new Set([...first.keys(), ...second.keys()])]
  return names.flatMap((name): MeaningDifference[] => {
    const [a, b] = [first.get(name), second.get(name)]
    const span = one.zones.find((zone) => zone.name === name)?.span
    return a === b ? [] : [{ what: 'zones', where: name, one: a, other: b, span }]
  })
}

function zoneTexts({ zones }: Policy): ReadonlyMap<string, string> {
  return new Map(
    zones.map(({ name, sizeBytes, key, cluster }) => {
      const count = cluster?.isCounted === true ? cluster : undefined
      return [name, textOf({ sizeBytes, key, count })]
    }),
  )
}
