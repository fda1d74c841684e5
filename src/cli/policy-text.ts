// A policy for people: what is listened on, and every cap with its place.

import { hostname } from 'node:os'
import { peerTable } from '../policy/chain.ts'
import { clusterStoreOf } from '../policy/cluster.ts'
import { findOption, planFor } from '../policy/fallback.ts'
import type { OptionName } from '../policy/options.ts'
import type { Settings } from '../policy/plan.ts'
import type { Listen, Listener, Policy, Scope } from '../policy/policy.ts'
import { storeUrlText } from '../policy/store-url.ts'
import { optionName, placeText, valueText } from './option-text.ts'
import { columns, paint } from './terminal.ts'
import type { Terminal } from './terminal.ts'

/**
 * Two tables: the Listens as they are for a client no Peer matches, and the caps of every scope.
 */
export function policyText(policy: Policy, terminal: Terminal): string {
  const { isColorOut } = terminal
  const listens = policy.listeners.flatMap((listener) =>
    listener.listens.map((listen) => listenRow(policy, listener, listen)),
  )
  const head = ['LISTEN', 'SERVICE', 'UPSTREAM', 'NOTES']
  const caps = scopesOf(policy).flatMap((scope) => capRows(scope, policy, terminal.cwd))
  const capHead = ['CAP', 'OF', 'SCOPE', 'PLACE']
  return (
    `${paint(isColorOut, 'bold', 'Listens')}\n${columns([head, ...listens])}\n` +
    `${paint(isColorOut, 'bold', 'Caps')}\n` +
    (caps.length === 0 ? 'none: every session is admitted\n' : columns([capHead, ...caps])) +
    clusterText(policy, terminal)
  )
}

/** The store of the limits over all nodes, and what this node is there. */
function clusterText({ cluster }: Policy, { isColorOut }: Terminal): string {
  if (cluster === undefined) return ''
  const { kind, servers, name, node, leaseMs, sentinel } = clusterStoreOf(cluster, hostname())
  const kinds = {
    single: '',
    sentinel: `, sentinels of ${JSON.stringify(sentinel ?? '')}`,
    cluster: ', Redis Cluster',
  }
  const rows = [
    ['store', `${servers.map(storeUrlText).join(' ')}${kinds[kind]}`],
    ['node', `${node}, in cluster ${name}`],
    ['lease', `${leaseMs / 1000} s`],
  ]
  return `\n${paint(isColorOut, 'bold', 'Over all nodes')}\n${columns(rows)}`
}

function listenRow(policy: Policy, listener: Listener, listen: Listen): string[] {
  const { settings } = planFor({
    policy,
    listener,
    listen,
    listenPeers: peerTable(listen.peers),
    listenerPeers: peerTable(listener.peers),
    address: undefined,
  })
  const notes = [
    settings.enable.value ? undefined : 'not enabled',
    settings.useTls.value ? 'TLS' : undefined,
    settings.proxyProtocol.value ? 'PROXY header' : undefined,
    loginNote(settings),
  ].filter((note) => note !== undefined)
  return [listen.id, listener.service, upstreamText(settings), notes.join(', ')]
}

function upstreamText({ upstream, authenticator }: Settings): string {
  const kind = authenticator?.value.kind
  if (kind === 'http') return 'as the auth server says'
  if (upstream === undefined) {
    return kind === 'users' ? 'as the users file says' : 'none outside Peers'
  }
  return valueText('upstream', upstream.value)
}

/** Who decides about logins, where there are any. */
function loginNote({ authenticator }: Settings): string | undefined {
  switch (authenticator?.value.kind) {
    case 'http':
      return `logins by ${valueText('authenticator', authenticator.value)}`
    case 'users':
      return `logins by ${authenticator.value.file}`
    case 'upstream':
      return 'logins by the upstream'
    default:
      return undefined
  }
}

function capRows({ scope, outer }: Placed, policy: Policy, cwd: string): string[][] {
  const word = (option: OptionName): string => optionName(option, undefined, policy.dialect)
  const { limitConns, limitConnDryRun } = scope.options
  const rows: string[][] = []
  const add = (option: 'serviceSessions' | 'listenerSessions'): void => {
    const cap = scope.options[option]
    if (cap === undefined) return
    const { capMax } = cap.value
    // A flag is about the cap beside it, or about those inside its scope (SEMANTICS S18).
    const about = [scope, ...outer.filter(({ options }) => options[option] === undefined)]
    const isDry = findOption(about, `${option}DryRun`)?.sourced.value === true
    const count = findOption(about, `${option}Cluster`)?.sourced.value
    const shown = capMax === undefined ? 'no limit' : String(capMax)
    const notes = notesText(isDry, capMax !== undefined && count?.isCounted === true)
    rows.push([`${shown}${notes}`, word(option), scope.label, placeText(cap.span, cwd)])
  }
  for (const { zone, capMax, isDryRun, span } of limitConns?.value ?? []) {
    const isDry = (isDryRun ?? limitConnDryRun?.value) === true
    const count = policy.zones.find(({ name }) => name === zone)?.cluster
    rows.push([
      `${capMax}${notesText(isDry, count?.isCounted === true)}`,
      `${word('limitConns')} ${zone}`,
      scope.label,
      placeText(span, cwd),
    ])
  }
  add('serviceSessions')
  add('listenerSessions')
  return rows
}

function notesText(isDry: boolean, isOverAll: boolean): string {
  return `${isOverAll ? ' over all nodes' : ''}${isDry ? ' (dry run)' : ''}`
}

/** A scope, and the scopes around it. */
interface Placed {
  readonly scope: Scope
  readonly outer: readonly Scope[]
}

function scopesOf(policy: Policy): readonly Placed[] {
  const inListeners = policy.listeners.flatMap((listener): Placed[] => [
    { scope: listener, outer: [] },
    ...listener.peers.map((scope) => ({ scope, outer: [listener] })),
    ...listener.listens.flatMap((listen): Placed[] => [
      { scope: listen, outer: [listener] },
      ...listen.peers.map((scope) => ({ scope, outer: [listen, listener] })),
    ]),
  ])
  const alone = [...policy.pathways, ...policy.pathwayGroups]
  return [...inListeners, ...alone.map((scope) => ({ scope, outer: [] }))]
}
