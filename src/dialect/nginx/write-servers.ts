// From the listeners of a policy to the servers of an nginx text: one for each group of Listens to
// which the same applies, with the values that hold there, wherever the policy has them from.

import type { Address } from '../../base/address.ts'
import type { Sourced } from '../../base/diagnostic.ts'
import { chainOf, peerTable } from '../../policy/chain.ts'
import { clusterDefaults } from '../../policy/cluster.ts'
import type { ClusterCount } from '../../policy/cluster.ts'
import { findOption, planFor } from '../../policy/fallback.ts'
import type { LimitOption } from '../../policy/limit.ts'
import { asksSomebody } from '../../policy/login.ts'
import { optionNames } from '../../policy/options-list.ts'
import type { OptionName, Options } from '../../policy/options.ts'
import type { Plan } from '../../policy/plan.ts'
import type { Listen, Listener, Peer, Policy } from '../../policy/policy.ts'
import { inRemark, placeOf } from '../written.ts'
import type { NotSaid, TextNode } from '../written.ts'
import { optionNodes } from './say-option.ts'
import { printWord } from './print.ts'

/** A server to be written. */
export interface ServerPlan {
  readonly listener: Listener
  readonly listens: readonly ListenPlan[]
  /** What holds on all of its Listens, for clients that no Peer matches. */
  readonly options: Options
  readonly isLogin: boolean
  readonly peers: readonly PeerPlan[]
  /** The peers stand around all servers, and count over them. */
  readonly hasSharedPeers: boolean
}

/** A Listen, and what holds on it. */
export interface ListenPlan {
  readonly listen: Listen
  readonly options: Options
}

export interface PeerPlan {
  readonly peer: Peer
  readonly options: Options
}

/** What stands in `listen`, so that it does not keep two Listens from sharing a server. */
const ofListen: ReadonlySet<OptionName> = new Set([
  'useTls',
  'proxyProtocol',
  'listenBacklog',
  'fileMode',
  'enable',
])

export function serversOf(policy: Policy, notSaid: NotSaid[]): readonly ServerPlan[] {
  return policy.listeners.flatMap((listener) => serversOfListener(policy, listener, notSaid))
}

function serversOfListener(policy: Policy, listener: Listener, notSaid: NotSaid[]): ServerPlan[] {
  const groups = new Map<string, ListenPlan[]>()
  for (const listen of listener.listens) {
    const enable = listen.options.enable ?? listener.options.enable
    if (enable?.value === false) continue
    const options = effectiveOptions(policy, listener, listen)
    const text = groupText(options, listen)
    const known = groups.get(text) ?? []
    known.push({ listen, options })
    groups.set(text, known)
  }
  const isAlone = groups.size === 1
  return [...groups.values()].flatMap((listens) => {
    const [group] = listens
    if (group === undefined) return []
    const { listen: first, options } = group
    const isLogin = listener.service !== 'ecstream' && asksSomebody(options.authenticator?.value)
    const isServed = [...first.peers, ...listener.peers].some(hasUpstream)
    if (!isLogin && options.upstream === undefined && !isServed) {
      for (const { listen } of listens) {
        const reason = `${listen.label}: a server needs an upstream, and this one has none`
        notSaid.push({ reason, span: listen.span })
      }
      return []
    }
    const isShared = first.peers.length === 0 && (!isAlone || isSharedAlready(policy, listener))
    const peers = peersOf(policy, { listener, listen: first, outer: options })
    return [{ listener, listens, options, isLogin, peers, hasSharedPeers: isShared }]
  })
}

function hasUpstream({ options }: Peer): boolean {
  return options.upstream !== undefined
}

/** Peers that several listeners count in one. */
function isSharedAlready(policy: Policy, listener: Listener): boolean {
  const labels = new Set(listener.peers.map(({ label }) => label))
  return policy.listeners.some(
    (other) => other !== listener && other.peers.some(({ label }) => labels.has(label)),
  )
}

function groupText(options: Options, listen: Listen): string {
  const entries = Object.entries(options).filter(([name]) => !ofListen.has(name as OptionName)) // a key of Options
  const values = entries.map(([name, sourced]) => [name, withoutPlaces(sourced?.value)])
  return JSON.stringify([values, listen.peers.map(({ label }) => label)])
}

function withoutPlaces(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === 'span' ? undefined : inner))
}

/** For a session that no Peer decides about; a dry run is said of each cap by itself. */
function effectiveOptions(policy: Policy, listener: Listener, listen: Listen): Options {
  const scopes = chainOf(policy, listen.id, undefined)?.scopes ?? []
  const found = optionNames.flatMap((name) => {
    const option = findOption(scopes, name)
    return option === undefined ? [] : [[name, option.sourced] as const]
  })
  const {
    serviceSessionsDryRun: _service,
    listenerSessionsDryRun: _listener,
    serviceSessionsCluster: _overService,
    listenerSessionsCluster: _overListener,
    ...options
  } = Object.fromEntries(found) as Options // pairs of options and their values
  const plan = planAt(policy, { listener, listen }, undefined)
  return { ...options, ...dryRunsOf(plan, 'shared'), ...countsOf(policy, plan, 'shared') }
}

interface Place {
  readonly listener: Listener
  readonly listen: Listen
}

function planAt(policy: Policy, { listener, listen }: Place, address: Address | undefined): Plan {
  const [listenPeers, listenerPeers] = [peerTable(listen.peers), peerTable(listener.peers)]
  return planFor({ policy, listener, listen, listenPeers, listenerPeers, address })
}

function dryRunsOf(plan: Plan, tier: 'shared' | 'block', scope?: string): Options {
  const found = plan.limits.filter(
    (limit) =>
      limit.tier === tier &&
      limit.origin !== undefined &&
      (scope === undefined || limit.scope === scope),
  )
  const flagOf = (option: string): Options['serviceSessionsDryRun'] => {
    const limit = found.find((each) => each.option === option)
    return limit?.origin === undefined || !limit.isDryRun
      ? undefined
      : { value: true, span: limit.origin }
  }
  const [service, listener] = [flagOf('service_sessions'), flagOf('listener_sessions')]
  return {
    ...(service === undefined ? {} : { serviceSessionsDryRun: service }),
    ...(listener === undefined ? {} : { listenerSessionsDryRun: listener }),
  }
}

/** Which of its caps count over all nodes: in this language that stands in the cap itself. */
function countsOf(policy: Policy, plan: Plan, of: Peer | 'shared'): Options {
  const usual = policy.cluster?.whenAway?.value ?? clusterDefaults.whenAway
  const flagOf = (option: LimitOption): Sourced<ClusterCount> | undefined => {
    const limit = plan.limits.find(
      (each) =>
        each.option === option &&
        (of === 'shared' ? each.tier === of : each.tier === 'block' && each.scope === of.label),
    )
    if (limit?.cluster === undefined || limit.origin === undefined) return undefined
    const { whenAway, ...others } = limit.cluster
    const own = whenAway === usual ? {} : { whenAway }
    return { value: { isCounted: true, ...own, ...others }, span: limit.origin }
  }
  const [service, listener] = [flagOf('service_sessions'), flagOf('listener_sessions')]
  return {
    ...(service === undefined ? {} : { serviceSessionsCluster: service }),
    ...(listener === undefined ? {} : { listenerSessionsCluster: listener }),
  }
}

/** The Listen's Peers before the Listener's; of two for one block, the Listen's goes first. */
function peersOf(
  policy: Policy,
  { listener, listen, outer }: Place & { readonly outer: Options },
): readonly PeerPlan[] {
  const byBlock = new Map<string, PeerPlan>()
  for (const peer of [...listen.peers, ...listener.peers]) {
    const { words, family, text } = peer.block
    const address: Address = { family, words, text: text.replace(/\/.*/, '') }
    const plan = planAt(policy, { listener, listen }, address)
    const own = withPathway(policy, peer)
    const { serviceSessionsCluster: _service, listenerSessionsCluster: _listener, ...said } = own
    const options = {
      ...said,
      ...dryRunsOfPeer(plan, peer, outer),
      ...countsOf(policy, plan, peer),
    }
    const known = byBlock.get(text)
    byBlock.set(text, known === undefined ? { peer, options } : merged(known, options))
  }
  return [...byBlock.values()]
}

function merged(known: PeerPlan, options: Options): PeerPlan {
  return { peer: known.peer, options: { ...options, ...known.options } }
}

/** What the pathway of a Peer says beside its caps, which are not about the Peer's block. */
function withPathway(policy: Policy, peer: Peer): Options {
  const name = peer.options.pathway?.value
  const named = policy.pathways.filter((pathway) => pathway.name === name)
  const outer = named
    .flatMap(({ options }) => Object.entries(options))
    .filter(([key]) => !isCap(key))
  return { ...(Object.fromEntries(outer) as Options), ...peer.options } // options of a pathway
}

function isCap(name: string): boolean {
  return name.startsWith('serviceSessions') || name.startsWith('listenerSessions')
}

/** A peer inherits the dry run of its server, which a cap without one must then deny. */
function dryRunsOfPeer(plan: Plan, peer: Peer, outer: Options): Options {
  const dry = dryRunsOf(plan, 'block', peer.label)
  const { serviceSessions, listenerSessions, serviceSessionsDryRun, listenerSessionsDryRun } =
    peer.options
  const service =
    dry.serviceSessionsDryRun ??
    (serviceSessions !== undefined && outer.serviceSessionsDryRun !== undefined
      ? { value: false, span: serviceSessions.span }
      : serviceSessionsDryRun)
  const listener =
    dry.listenerSessionsDryRun ??
    (listenerSessions !== undefined && outer.listenerSessionsDryRun !== undefined
      ? { value: false, span: listenerSessions.span }
      : listenerSessionsDryRun)
  return {
    ...(service === undefined ? {} : { serviceSessionsDryRun: service }),
    ...(listener === undefined ? {} : { listenerSessionsDryRun: listener }),
  }
}

/** The peers around all servers: for one protocol each, unless all have the same ones. */
export function sharedPeerNodes(servers: readonly ServerPlan[], notSaid: NotSaid[]): TextNode[] {
  const services = [...new Set(servers.map(({ listener }) => listener.service))]
  const sets = services.map((service) => {
    const holder = servers.find(
      ({ listener, hasSharedPeers }) => listener.service === service && hasSharedPeers,
    )
    const said: NotSaid[] = []
    return { service, nodes: (suffix: string): TextNode[] => peerNodes(holder, suffix, said), said }
  })
  const texts = sets.map(({ nodes }) =>
    JSON.stringify(nodes('').map(({ head, body }) => [head, body])),
  )
  const isSame = texts.every((text) => text === texts[0])
  for (const { said } of sets) said.length = 0
  const written = sets.flatMap(({ service, nodes }, at) =>
    isSame ? (at === 0 ? nodes('') : []) : nodes(` protocol=${service}`),
  )
  notSaid.push(...sets.flatMap(({ said }) => said))
  return written
}

export function peerNodes(
  server: ServerPlan | undefined,
  suffix: string,
  notSaid: NotSaid[],
): TextNode[] {
  if (server === undefined) return []
  return server.peers.map(({ peer, options }) => ({
    head: `peer ${printWord(peer.block.text)}${suffix}`,
    body: optionNodes(optionsHere(options, server), {
      context: 'peer',
      service: server.listener.service,
      label: peer.label,
      notSaid,
    }),
  }))
}

/** Its pathway has been put into the peer itself. */
function optionsHere(options: Options, _server: ServerPlan): Options {
  const { pathway: _pathway, ...others } = options
  return others
}

/** `postern.conf:12`, for the remark above a server. */
export function remarkOf({ listener, listens }: ServerPlan): string {
  const [first] = listens
  const isWhole = first === undefined || listens.length === listener.listens.length
  const span = isWhole ? listener.span : first.listen.span
  return inRemark(placeOf(span))
}
