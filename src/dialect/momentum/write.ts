// A Policy as a text in Momentum's language.

import type { LimitZone } from '../../policy/limit-zone.ts'
import { defaultNetPrefixes } from '../../policy/key.ts'
import { isAbout } from '../../policy/reach.ts'
import type { LimitConn, OptionName, Options } from '../../policy/options.ts'
import type {
  DaemonOptions,
  Listen,
  Listener,
  Pathway,
  Peer,
  Policy,
  ServiceName,
} from '../../policy/policy.ts'
import { commonOptions, withoutOptions } from '../common-options.ts'
import { inRemark, layOutNodes, placeOf } from '../written.ts'
import type { NotSaid, TextNode, WrittenPolicy } from '../written.ts'
import { optionNodes } from './say-option.ts'
import { clusterNodes, countNodes } from './write-cluster.ts'
import { listenerServices, scopeTitles } from './scope-table.ts'
import type { ScopeKind } from './scope-table.ts'
import { errorLogsText, quoted, secondsText } from './write-options.ts'

/** The policy in Momentum's language, and what of it that language cannot say. */
export function writeMomentum(policy: Policy): WrittenPolicy {
  const notSaid: NotSaid[] = []
  const nodes = [
    ...daemonNodes(policy.daemon),
    ...clusterNodes(policy),
    ...optionNodes(policy.global.options, { kind: 'global', label: 'global', notSaid }),
    ...policy.zones.map(zoneNode),
    ...services.flatMap((service) => serviceNodes(policy, service, notSaid)),
    ...pathwayNodes(policy, notSaid),
  ]
  return { text: layOutNodes(nodes, style), notSaid }
}

const style = { indent: '  ', end: '', emptyBlock: '{}' } as const

const services: readonly ServiceName[] = [...listenerServices.values()]

function listenerKind(service: ServiceName): ScopeKind {
  const found = [...listenerServices].find(([, name]) => name === service)
  return found?.[0] ?? 'esmtp_listener'
}

function daemonNodes(daemon: DaemonOptions): TextNode[] {
  const { pidFile, errorLogs, logFormat, workers, isDetached, openFiles, shutdownTimeout } = daemon
  const { admin, adminTokenFile, adminCertificate, adminKey } = daemon
  const logs = errorLogs === undefined ? undefined : errorLogsText(errorLogs.value)
  const said: readonly (readonly [string, string | undefined])[] = [
    ['Daemon', isDetached === undefined ? undefined : String(isDetached.value)],
    ['PIDFile', pidFile === undefined ? undefined : quoted(pidFile.value)],
    ['Error_Log', logs],
    ['Log_Format', logFormat?.value],
    ['Workers', workers === undefined ? undefined : String(workers.value)],
    ['Server_Max_File_Descriptors', openFiles === undefined ? undefined : String(openFiles.value)],
    [
      'Shutdown_Timeout',
      shutdownTimeout === undefined ? undefined : secondsText(shutdownTimeout.value.ms ?? 0),
    ],
    ['Admin', maybeQuoted(admin?.value.text)],
    ['Admin_Token_File', maybeQuoted(adminTokenFile?.value)],
    ['Admin_TLS_Certificate', maybeQuoted(adminCertificate?.value)],
    ['Admin_TLS_Key', maybeQuoted(adminKey?.value)],
  ]
  return said.flatMap(([name, value]) =>
    value === undefined ? [] : [{ head: `${name} = ${value}` }],
  )
}

function maybeQuoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : quoted(text)
}

function zoneNode({ name, sizeBytes, key, cluster }: LimitZone): TextNode {
  const { ipv4PrefixLength, ipv6PrefixLength } = key
  const isDefaultNet =
    ipv4PrefixLength === defaultNetPrefixes.ipv4PrefixLength &&
    ipv6PrefixLength === defaultNetPrefixes.ipv6PrefixLength
  const body = [
    { head: `Key = ${quoted(key.text)}` },
    { head: `Size = ${quoted(sizeText(sizeBytes))}` },
    ...(key.foldsCase ? [{ head: 'Fold_Case = true' }] : []),
    ...(isDefaultNet ? [] : [{ head: `Net = "${ipv4PrefixLength}/${ipv6PrefixLength}"` }]),
    ...countNodes(cluster),
  ]
  return { head: `${scopeTitles.limit_conn_zone} ${quoted(name)}`, body }
}

function sizeText(bytes: number): string {
  if (bytes % 1_048_576 === 0) return `${bytes / 1_048_576}m`
  return bytes % 1024 === 0 ? `${bytes / 1024}k` : String(bytes)
}

/** One listener needs no name; of several, a stanza without a name says what they have in common. */
function serviceNodes(policy: Policy, service: ServiceName, notSaid: NotSaid[]): TextNode[] {
  const listeners = policy.listeners.filter((listener) => listener.service === service)
  const [first, ...others] = listeners
  if (first === undefined) return []
  if (others.length === 0) {
    return [
      listenerNode(first, {
        name: first.name,
        options: first.options,
        peers: first.peers,
        notSaid,
      }),
    ]
  }
  const unnamed =
    policy.dialect === 'momentum' ? listeners.find(({ name }) => name === undefined) : undefined
  const common = unnamed?.options ?? commonOptions(listeners.map(({ options }) => options))
  const shared = unnamed?.peers ?? sharedPeers(listeners)
  const named = listeners.filter((listener) => listener !== unnamed)
  const nodes = named.map((listener) => {
    const isOwn = listener.peers.every((peer) => !shared.some(({ label }) => label === peer.label))
    const peers = isOwn ? listener.peers : []
    const options = withoutOptions(listener.options, common)
    return listenerNode(listener, { name: nameOf(listener), options, peers, notSaid })
  })
  if (unnamed !== undefined) {
    const { options, peers } = unnamed
    return [listenerNode(unnamed, { name: undefined, options, peers, notSaid }), ...nodes]
  }
  if (Object.keys(common).length === 0 && shared.length === 0) return nodes
  const holder: Listener = { ...first, listens: [] }
  const stanza = listenerNode(holder, { name: undefined, options: common, peers: shared, notSaid })
  return [{ ...stanza, remark: `for every ${scopeTitles[listenerKind(service)]} below` }, ...nodes]
}

/** Peers of several listeners that count as one: their labels are the same. */
function sharedPeers(listeners: readonly Listener[]): readonly Peer[] {
  for (const listener of listeners) {
    const isShared = listener.peers.some(({ label }) =>
      listeners.some(
        (other) => other !== listener && other.peers.some((peer) => peer.label === label),
      ),
    )
    if (isShared) return listener.peers
  }
  return []
}

function nameOf({ name, listens, label }: Listener): string {
  return name ?? listens[0]?.id ?? label
}

interface ListenerParts {
  readonly name: string | undefined
  readonly options: Options
  readonly peers: readonly Peer[]
  readonly notSaid: NotSaid[]
}

function listenerNode(
  listener: Listener,
  { name, options, peers, notSaid }: ListenerParts,
): TextNode {
  const { service, listens, span, label } = listener
  const kind = listenerKind(service)
  const body = [
    ...scopeNodes(options, { kind, service, label, notSaid }),
    ...listens.map((listen) => listenNode(listen, service, notSaid)),
    ...peers.map((peer) => peerNode(peer, service, notSaid)),
  ]
  const head = name === undefined ? scopeTitles[kind] : `${scopeTitles[kind]} ${quoted(name)}`
  return { head, body, remark: inRemark(placeOf(span)) }
}

function listenNode(listen: Listen, service: ServiceName, notSaid: NotSaid[]): TextNode {
  const { endpoint, options, peers, label } = listen
  const isIpv6Only = endpoint.kind === 'tcp' && endpoint.isIpv6Only === true
  const body = [
    ...(isIpv6Only ? [{ head: 'IPv6_Only = true' }] : []),
    ...scopeNodes(options, { kind: 'listen', service, label, notSaid }),
    ...peers.map((peer) => peerNode(peer, service, notSaid)),
  ]
  return { head: `${scopeTitles.listen} ${quoted(endpointText(listen))}`, body }
}

/** `:25` for `*:25`, as Momentum's own examples have it. */
function endpointText({ endpoint }: Listen): string {
  if (endpoint.kind === 'unix') {
    return endpoint.path.startsWith('/') ? endpoint.path : `unix:${endpoint.path}`
  }
  const { host, port } = endpoint
  if (host === '*') return `:${port}`
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function peerNode(
  { block, options, label }: Peer,
  service: ServiceName,
  notSaid: NotSaid[],
): TextNode {
  const body = scopeNodes(options, { kind: 'peer', service, label, notSaid })
  return { head: `${scopeTitles.peer} ${quoted(block.text)}`, body }
}

interface ScopePlace {
  readonly kind: ScopeKind
  /** Absent: of any. */
  readonly service?: ServiceName
  readonly label: string
  readonly notSaid: NotSaid[]
}

/** An option of another protocol says nothing here, and would be warned about. */
function scopeNodes(options: Options, { kind, service, label, notSaid }: ScopePlace): TextNode[] {
  const names = Object.keys(options) as OptionName[] // keys of Options
  const idle = names.filter((name) => service !== undefined && !isAbout(name, service))
  const said = Object.fromEntries(
    Object.entries(options).filter(([name]) => !idle.some((other) => other === name)),
  )
  const limits = idle.includes('limitConns') ? [] : (options.limitConns?.value ?? [])
  return [...optionNodes(said, { kind, label, notSaid }), ...limits.map(limitNode)]
}

function limitNode({ zone, capMax, isDryRun, logLevel }: LimitConn): TextNode {
  const body = [
    { head: `Sessions = ${capMax}` },
    ...(isDryRun === undefined ? [] : [{ head: `Dry_Run = ${isDryRun}` }]),
    ...(logLevel === undefined ? [] : [{ head: `Log_Level = ${logLevel}` }]),
  ]
  return { head: `${scopeTitles.limit_conn} ${quoted(zone)}`, body }
}

function pathwayNodes(policy: Policy, notSaid: NotSaid[]): TextNode[] {
  const node = (pathway: Pathway): TextNode => ({
    head: `${scopeTitles.pathway} ${quoted(pathway.name)}`,
    body: scopeNodes(pathway.options, { kind: 'pathway', label: pathway.label, notSaid }),
  })
  const plain = policy.pathways.filter(({ group }) => group === undefined)
  const groups = policy.pathwayGroups.map((group): TextNode => {
    const inner = policy.pathways.filter((pathway) => pathway.group === group.name)
    const own = scopeNodes(group.options, { kind: 'pathway_group', label: group.label, notSaid })
    return {
      head: `${scopeTitles.pathway_group} ${quoted(group.name)}`,
      body: [...own, ...inner.map(node)],
    }
  })
  return [...plain.map(node), ...groups]
}
