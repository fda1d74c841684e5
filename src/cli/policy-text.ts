// A policy for people: what is listened on, and every cap with its place.

import { planFor } from '../policy/fallback.ts'
import { peerTable } from '../policy/chain.ts'
import type { OptionName } from '../policy/options.ts'
import type { Settings } from '../policy/plan.ts'
import type { Listen, Listener, Policy, Scope } from '../policy/policy.ts'
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
  const caps = scopesOf(policy).flatMap((scope) => capRows(scope, policy.dialect, terminal.cwd))
  const capHead = ['CAP', 'OF', 'SCOPE', 'PLACE']
  return (
    `${paint(isColorOut, 'bold', 'Listens')}\n${columns([head, ...listens])}\n` +
    `${paint(isColorOut, 'bold', 'Caps')}\n` +
    (caps.length === 0 ? 'none: every session is admitted\n' : columns([capHead, ...caps]))
  )
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

function capRows(scope: Scope, dialect: Policy['dialect'], cwd: string): string[][] {
  const word = (option: OptionName): string => optionName(option, undefined, dialect)
  const { serviceSessions, listenerSessions, serviceSessionsDryRun, listenerSessionsDryRun } =
    scope.options
  const { limitConns, limitConnDryRun } = scope.options
  const rows: string[][] = []
  const add = (
    option: string,
    cap: typeof serviceSessions,
    isDry: typeof serviceSessionsDryRun,
  ): void => {
    if (cap === undefined) return
    const shown = cap.value.capMax === undefined ? 'no limit' : String(cap.value.capMax)
    const dry = isDry?.value === true ? ' (dry run)' : ''
    rows.push([`${shown}${dry}`, option, scope.label, placeText(cap.span, cwd)])
  }
  for (const { zone, capMax, isDryRun, span } of limitConns?.value ?? []) {
    const dry = (isDryRun ?? limitConnDryRun?.value) === true ? ' (dry run)' : ''
    rows.push([
      `${capMax}${dry}`,
      `${word('limitConns')} ${zone}`,
      scope.label,
      placeText(span, cwd),
    ])
  }
  add(word('serviceSessions'), serviceSessions, serviceSessionsDryRun)
  add(word('listenerSessions'), listenerSessions, listenerSessionsDryRun)
  return rows
}

function scopesOf(policy: Policy): readonly Scope[] {
  const inListeners = policy.listeners.flatMap((listener) => [
    listener,
    ...listener.peers,
    ...listener.listens.flatMap((listen) => [listen, ...listen.peers]),
  ])
  return [...inListeners, ...policy.pathways, ...policy.pathwayGroups]
}
