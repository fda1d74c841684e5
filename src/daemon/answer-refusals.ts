// Who was turned away lately, and why.

import { addressOfClient, blockContains, parseBlock } from '../base/address.ts'
import type { Block } from '../base/address.ts'
import { escapeText } from '../base/escape.ts'
import type { Finding } from '../engine/verdict.ts'
import { limitId } from '../policy/limit-table.ts'
import { refusalsListedMax } from './control-protocol.ts'
import type {
  FindingView,
  RefusalCursor,
  RefusalsReport,
  RefusalsRequest,
  RefusalView,
} from './control-protocol.ts'
import type { KeptRefusal, RefusalRing } from './refusal-ring.ts'
import { inSlices } from './slices.ts'

/** As of logins in the log. */
const textLengthMax = 255

export async function refusalsOf(
  ring: Pick<RefusalRing, 'latest'>,
  request: RefusalsRequest,
): Promise<RefusalsReport> {
  const block = request.from === undefined ? undefined : parseBlock(request.from)?.block
  const countMax = Math.min(request.limit, refusalsListedMax)
  const refusals: RefusalView[] = []
  let matchingCount = 0
  await inSlices(ring.latest(), (kept) => {
    if (!matches(kept, request, block)) return
    matchingCount += 1
    const isLater = request.before !== undefined && compareRefusals(kept, request.before) <= 0
    if (!isLater && refusals.length < countMax) refusals.push(viewOf(kept))
  })
  return { matchingCount, refusals }
}

/** Later ones come first; of one instant, those with higher numbers. */
export function compareRefusals(one: RefusalCursor, other: RefusalCursor): number {
  return other.atMs - one.atMs || other.sessionId - one.sessionId
}

function matches(kept: KeptRefusal, request: RefusalsRequest, block: Block | undefined): boolean {
  const { user, limitId: wanted } = request
  if (user !== undefined && kept.login !== user) return false
  if (wanted !== undefined && idOfDecider(kept) !== wanted) return false
  if (block === undefined) return true
  const address = addressOfClient(kept.remote)
  return address !== undefined && blockContains(block, address)
}

function idOfDecider({ findings, decidedBy }: KeptRefusal): string {
  const limit = findings[decidedBy]?.limit
  return limit === undefined ? '' : limitId(limit)
}

function viewOf(kept: KeptRefusal): RefusalView {
  const { atMs, sessionId, stage, reason, plan, remote, login, decidedBy } = kept
  return {
    at: new Date(atMs).toISOString(),
    atMs,
    sessionId,
    stage,
    reason,
    service: plan.listener.service,
    listen: plan.listen.id,
    client: remote === 'unix' ? 'unix:' : (addressOfClient(remote)?.text ?? remote),
    ...(login === undefined ? {} : { login: escapeText(login, textLengthMax) }),
    limitId: idOfDecider(kept),
    decidedBy,
    findings: kept.findings.map(findingView),
  }
}

function findingView({ limit, usedCount, isOver, isExhausted }: Finding): FindingView {
  const { option, tier, scope, zone, key, capMax, isDryRun, origin } = limit
  return {
    ...(origin === undefined ? {} : { limitId: limitId(limit) }),
    option,
    tier,
    scope,
    zone,
    key: escapeText(key, textLengthMax),
    usedCount,
    ...(capMax === undefined ? {} : { capMax }),
    isDryRun,
    isOver,
    isExhausted,
    ...(origin === undefined ? {} : { origin }),
  }
}
