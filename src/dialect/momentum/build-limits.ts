// From the drafts of Limit_Conn_Zone and Limit_Conn to the zones and limits of the Policy.

import type { Sourced } from '../../base/diagnostic.ts'
import type { ClusterCount } from '../../policy/cluster.ts'
import type { LimitZone } from '../../policy/limit-zone.ts'
import type { LimitConn } from '../../policy/options.ts'
import type { ScopeDraft } from './draft.ts'
import type { Report } from './report.ts'

/** Reports what a zone or limit cannot do without. */
export function checkLimitScope(draft: ScopeDraft, report: Report): void {
  if (draft.kind === 'limit_conn') {
    if (!('capMax' in draft.limit)) missing(draft, 'Sessions = 5', report)
  } else if (draft.kind === 'limit_conn_zone') {
    if (!('key' in draft.zone)) missing(draft, 'Key = "$remote_user"', report)
    if (!('sizeBytes' in draft.zone)) missing(draft, 'Size = "10m"', report)
    checkCount(draft, report)
  }
}

/** What is said about counting over all nodes, where nothing counts over them. */
function checkCount({ label, zone }: ScopeDraft, report: Report): void {
  if (zone.isCluster !== undefined || 'isCluster' in zone) return
  for (const [name, found] of [
    ['When_Away', zone.whenAway],
    ['Block', zone.block],
  ] as const) {
    if (found === undefined) continue
    report.error({
      code: 'momentum.option_missing',
      message: `${label} has ${name}, and no Cluster`,
      span: found.span,
      hint: 'write Cluster = true beside it, or remove it: each node counts for itself',
    })
  }
}

function missing({ label, span }: ScopeDraft, example: string, report: Report): void {
  const [name] = example.split(' ')
  report.error({
    code: 'momentum.option_missing',
    message: `${label} has no ${name}`,
    span,
    hint: `write ${example}`,
  })
}

/** Undefined for a zone that was reported as incomplete. */
export function buildZone({ name, span, zone }: ScopeDraft): LimitZone | undefined {
  const { key, sizeBytes, foldsCase, net } = zone
  if (key === undefined || sizeBytes === undefined) return undefined
  const expression = {
    ...key.value,
    ...net?.value,
    ...(foldsCase === undefined ? {} : { foldsCase: foldsCase.value }),
  }
  const cluster = buildCount(zone)
  return {
    kind: 'zone',
    name,
    sizeBytes: sizeBytes.value,
    key: expression,
    ...(cluster === undefined ? {} : { cluster }),
    span,
  }
}

function buildCount({ isCluster, whenAway, block }: ScopeDraft['zone']): ClusterCount | undefined {
  if (isCluster === undefined) return undefined
  return {
    isCounted: isCluster.value,
    ...(whenAway === undefined ? {} : { whenAway: whenAway.value }),
    ...(block === undefined ? {} : { block: block.value }),
  }
}

/** All limits of a scope, in the order of first appearance; undefined when it has none. */
export function buildLimits(draft: ScopeDraft): Sourced<readonly LimitConn[]> | undefined {
  const limits = [...draft.children.values()].filter(({ kind }) => kind === 'limit_conn')
  const [first] = limits
  return first === undefined ? undefined : { value: limits.flatMap(buildLimit), span: first.span }
}

function buildLimit({ name, span, limit }: ScopeDraft): LimitConn[] {
  const { capMax, isDryRun, logLevel } = limit
  if (capMax === undefined) return []
  return [
    {
      zone: name,
      capMax: capMax.value,
      ...(isDryRun === undefined ? {} : { isDryRun: isDryRun.value }),
      ...(logLevel === undefined ? {} : { logLevel: logLevel.value }),
      span,
    },
  ]
}
