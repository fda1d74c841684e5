// From the merged drafts to the frozen Policy.

import { freezePolicy } from '../../policy/policy.ts'
import type { Listen, Listener, Pathway, PathwayGroup, Peer, Policy } from '../../policy/policy.ts'
import type { LimitZone } from '../../policy/limit-zone.ts'
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
  for (const child of root.children.values()) {
    if (listenerServices.has(child.kind)) {
      listeners.push(...buildListener(child))
    } else if (child.kind === 'limit_conn_zone') {
      const zone = buildZone(child)
      if (zone !== undefined) zones.push(zone)
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

function buildListener(draft: ScopeDraft): Listener[] {
  const { service } = draft
  if (service === undefined) return []
  const listens = [...draft.children.values()].flatMap(buildListen)
  return [{ kind: 'listener', ...base(draft), service, listens, peers: buildPeers(draft) }]
}

function buildListen(draft: ScopeDraft): Listen[] {
  const { endpoint } = draft
  if (endpoint === undefined) return []
  return [{ kind: 'listen', ...base(draft), id: endpoint.text, endpoint, peers: buildPeers(draft) }]
}

function buildPeers(draft: ScopeDraft): Peer[] {
  return [...draft.children.values()].flatMap((child): Peer[] =>
    child.block === undefined ? [] : [{ kind: 'peer', ...base(child), block: child.block }],
  )
}
