// From the merged drafts to the frozen Policy.

import type { Endpoint } from '../../base/address.ts'
import type { ClusterOptions } from '../../policy/cluster.ts'
import type { Options } from '../../policy/options.ts'
import { freezePolicy } from '../../policy/policy.ts'
import type { Listen, Listener, Pathway, PathwayGroup, Peer, Policy } from '../../policy/policy.ts'
import type { LimitZone } from '../../policy/limit-zone.ts'
import { buildCluster } from './build-cluster.ts'
import { buildLimits, buildZone } from './build-limits.ts'
import type { ScopeDraft } from './draft.ts'
import type { DaemonDraft } from './option-spec.ts'
import { listenerServices } from './scope-table.ts'

/** The policy a text means. Instance order is the order of first appearance. */
export function buildPolicy(root: ScopeDraft, daemon: DaemonDraft): Policy {
  const { label, options, span } = root
  const listeners: Listener[] = []
  const zones: LimitZone[] = []
  const pathways: Pathway[] = []
  const pathwayGroups: PathwayGroup[] = []
  let cluster: ClusterOptions | undefined
  for (const child of root.children.values()) {
    if (listenerServices.has(child.kind)) {
      listeners.push(...buildListener(child, root))
    } else if (child.kind === 'limit_conn_zone') {
      const zone = buildZone(child)
      if (zone !== undefined) zones.push(zone)
    } else if (child.kind === 'cluster') {
      cluster = buildCluster(child)
    } else if (child.kind === 'pathway') {
      pathways.push(buildPathway(child))
    } else {
      pathwayGroups.push({ kind: 'pathway_group', ...base(child), name: child.name })
      for (const inner of child.children.values()) {
        if (inner.kind !== 'pathway') continue
        pathways.push({ ...buildPathway(inner), group: child.name })
      }
    }
  }
  return freezePolicy({
    kind: 'policy',
    dialect: 'momentum',
    daemon,
    global: { kind: 'global', label, options, span },
    listeners,
    pathways,
    pathwayGroups,
    zones,
    ...(cluster === undefined ? {} : { cluster }),
  })
}

function base(draft: ScopeDraft): Pick<ScopeDraft, 'label' | 'options' | 'span'> {
  const { label, options, span } = draft
  const limitConns = buildLimits(draft)
  return {
    label,
    options: limitConns === undefined ? options : { ...options, limitConns },
    span,
  }
}

function buildPathway(draft: ScopeDraft): Pathway {
  return { kind: 'pathway', ...base(draft), name: draft.name }
}

/**
 * The stanza without a name says what holds for the named ones of its service, too; without a
 * Listen of its own it is no more than that.
 */
function buildListener(draft: ScopeDraft, root: ScopeDraft): Listener[] {
  const { service, name } = draft
  if (service === undefined) return []
  const listens = [...draft.children.values()].flatMap(buildListen)
  const siblings = [...root.children.values()].filter(({ kind }) => kind === draft.kind)
  const common = siblings.find((sibling) => sibling.name === '')
  if (draft === common) {
    if (listens.length === 0 && siblings.length > 1) return []
    return [{ kind: 'listener', ...base(draft), service, listens, peers: buildPeers(draft) }]
  }
  const own = buildPeers(draft)
  const peers = own.length === 0 && common !== undefined ? buildPeers(common) : own
  const outer = common === undefined ? {} : base(common).options
  const { label, options, span } = base(draft)
  const inherited = inheritOptions(outer, options)
  return [{ kind: 'listener', label, options: inherited, span, name, service, listens, peers }]
}

/** A dry run stays with the cap it was written beside (SEMANTICS S18), and so does the other flag. */
function inheritOptions(outer: Options, own: Options): Options {
  const inherited = { ...outer, ...own }
  for (const [cap, flag] of capFlags) {
    if (own[cap] === undefined || own[flag] !== undefined) continue
    if (outer[cap] !== undefined) delete inherited[flag]
  }
  return inherited
}

const capFlags = [
  ['serviceSessions', 'serviceSessionsDryRun'],
  ['listenerSessions', 'listenerSessionsDryRun'],
  ['serviceSessions', 'serviceSessionsCluster'],
  ['listenerSessions', 'listenerSessionsCluster'],
] as const

function buildListen(draft: ScopeDraft): Listen[] {
  const { binding } = draft
  if (draft.endpoint === undefined) return []
  const isAnyIpv6 = draft.endpoint.kind === 'tcp' && draft.endpoint.host === '::'
  const isIpv6Only = isAnyIpv6 && binding.isIpv6Only?.value === true
  const endpoint: Endpoint = isIpv6Only ? { ...draft.endpoint, isIpv6Only } : draft.endpoint
  return [{ kind: 'listen', ...base(draft), id: endpoint.text, endpoint, peers: buildPeers(draft) }]
}

function buildPeers(draft: ScopeDraft): Peer[] {
  return [...draft.children.values()].flatMap((child): Peer[] =>
    child.block === undefined ? [] : [{ kind: 'peer', ...base(child), block: child.block }],
  )
}
