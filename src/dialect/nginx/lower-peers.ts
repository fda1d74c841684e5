// From `peer` blocks to Peers. As nginx inherits lists: a server's own replace those of `mail`.

import { parseBlock } from '../../base/address.ts'
import type { Peer } from '../../policy/policy.ts'
import { BlockView } from './block-view.ts'
import type { CheckedDirective } from './checked.ts'
import { put, spanOf } from './draft.ts'
import type { Lowering, OptionsDraft, ServerKind } from './draft.ts'
import { lowerAuthenticator } from './lower-authenticator.ts'
import { lowerGate, lowerSmtpGate, lowerTime, lowerXclient } from './lower-gate.ts'
import {
  lowerCaps,
  lowerDuration,
  lowerLimits,
  lowerLinger,
  lowerProxyProtocol,
  lowerRate,
} from './lower-values.ts'
import type { Place } from './lower-values.ts'

interface PeerScope {
  readonly kind: ServerKind
  /** The server's options, whose dry run a peer inherits as nginx inherits values. */
  readonly outer: OptionsDraft
  /** The server's label, for its own peers. */
  readonly label: string
  readonly isOwn: boolean
}

export function peersOf(
  found: readonly CheckedDirective[],
  scope: PeerScope,
  lowering: Lowering,
): readonly Peer[] {
  const peers: Peer[] = []
  for (const directive of found) {
    const { value } = directive
    const block = value.kind === 'text' ? parseBlock(value.text)?.block : undefined
    if (block === undefined) continue
    // Those of `mail` may be for the servers of one protocol alone.
    const [, only] = directive.args
    if (only !== undefined && only.text !== `protocol=${scope.kind.service}`) continue
    const span = spanOf(directive)
    if (peers.some((peer) => peer.block.text === block.text)) {
      const message = `duplicate peer "${block.text}"`
      lowering.report.error({ code: 'nginx.duplicate', message, span })
      for (const inner of directive.body) lowering.used.add(inner)
      continue
    }
    // One label for all servers of a protocol: the peers of `mail` count over all of them.
    const container = scope.isOwn ? scope.label : `mail ${scope.kind.service}`
    const label = `${container} peer ${block.text}`
    const options = optionsOf(directive, scope, lowering)
    peers.push({ kind: 'peer', label, block, options, span })
  }
  return peers
}

function optionsOf(
  directive: CheckedDirective,
  { kind, outer }: PeerScope,
  lowering: Lowering,
): OptionsDraft {
  const draft: OptionsDraft = {}
  const view = new BlockView(directive.body, [], lowering.used)
  const place: Place = { view, draft, lowering }
  lowerCaps(place)
  inheritDryRun(draft, outer)
  const asked = view.last('auth_http')
  const isOff = asked?.value.kind === 'flag' || asked?.args[0]?.text === 'off'
  if (asked !== undefined && isOff) put(draft, 'authenticator', { kind: 'none' }, spanOf(asked))
  else if (asked !== undefined) lowerAuthenticator(place, asked)
  if (kind.mode !== 'relay' && !isOff) {
    // Its own list replaces the server's; without one the server's holds (SEMANTICS S14).
    lowerLimits(place)
    lowerDuration(place, 'timeout', 'loginTimeout')
    lowerDuration(place, 'proxy_timeout', 'proxyTimeout')
  } else {
    lowerDuration(place, 'proxy_timeout', 'idle')
    const pass = view.last('proxy_pass')
    if (pass?.value.kind === 'addresses') put(draft, 'upstream', pass.value.addresses, spanOf(pass))
    if (kind.service === 'ecstream') lowerTime(place, 'ecstream_idle_time', 'ecstreamIdle')
  }
  lowerProxyProtocol(place)
  lowerLinger(place)
  lowerRate(place)
  lowerGate(place)
  if (kind.service === 'smtp') {
    lowerSmtpGate(place, isOff ? 'relay' : kind.mode)
    if (view.find('xclient').length > 0) lowerXclient(place, directive.name.span)
  }
  return draft
}

/** A flag counts for the caps beside it, so a cap that inherits one needs it beside itself. */
function inheritDryRun(draft: OptionsDraft, outer: OptionsDraft): void {
  const service = outer.serviceSessionsDryRun
  const listener = outer.listenerSessionsDryRun
  if (draft.serviceSessions !== undefined && service !== undefined) {
    const { value, span } = draft.serviceSessionsDryRun ?? service
    put(draft, 'serviceSessionsDryRun', value, span)
  }
  if (draft.listenerSessions !== undefined && listener !== undefined) {
    const { value, span } = draft.listenerSessionsDryRun ?? listener
    put(draft, 'listenerSessionsDryRun', value, span)
  }
}
