// Turns the engine's events into log records, in the words that CONTRACT.md promises.

import { addressOfClient } from '../base/address.ts'
import { unreachable } from '../base/assert.ts'
import type { LogEntry, LogLevelName } from '../base/log.ts'
import { escapeText } from '../base/escape.ts'
import type { AuditReport } from '../engine/audit.ts'
import { loginOf } from '../engine/auth-facts.ts'
import type { ClusterEvent } from '../engine/cluster/cluster-view.ts'
import type { EngineEvent } from '../engine/events.ts'
import type { EngineSession } from '../engine/session.ts'
import type { Finding } from '../engine/verdict.ts'
import type { Limit } from '../policy/limit.ts'

/** As freenginx shows a client that came through a Unix socket. */
const unixClient = 'unix:'

/** An error of a store or of its client is one short line. */
const storeTextMax = 200

/** A log that builds a record only when it will be written. */
export interface KindLog {
  /** `server`: the Listen of its session, which may have a log of its own. */
  writeKind(level: LogLevelName, kind: string, build: () => LogEntry, server?: string): void
}

/** Writes what an event says, at the level its limit asks for. */
export function logEvent(log: KindLog, event: EngineEvent): void {
  switch (event.kind) {
    case 'session_accepted':
    case 'session_opened':
    case 'session_closed':
      // The gateway says so itself: it knows the client's port, and whether there was a relay.
      return
    case 'session_refused':
      logRefusal(log, event)
      return
    case 'session_authenticated':
      logLogin(log, event.verdict.session)
      return
    case 'dry_run_exceeded':
      logDryRun(log, event.session, event.finding)
      return
    case 'policy_replaced':
      // The reload says so itself, once everything that belongs to it is done.
      return
    case 'audited':
      logAudit(log, event.report)
      return
    case 'cluster_away':
    case 'cluster_counting':
    case 'cluster_drift':
      logCluster(log, event)
      return
    default:
      unreachable(event)
  }
}

function logLogin(log: KindLog, session: EngineSession): void {
  const text = 'client logged in'
  log.writeKind('info', text, () => ({ text, ...sessionFields(session) }), session.listenId)
}

type Refusal = Extract<EngineEvent, { readonly kind: 'session_refused' }>

function logRefusal(log: KindLog, refusal: Refusal): void {
  const { verdict, remote, login } = refusal
  const { decidedBy, plan, sessionId } = verdict
  const whereOf = (): Pick<LogEntry, 'sessionId' | 'client' | 'server' | 'login'> => ({
    sessionId,
    // As it was counted, and as its admitted neighbours are logged (SEMANTICS S10).
    client: remote === 'unix' ? unixClient : (addressOfClient(remote)?.text ?? remote),
    server: plan.listen.id,
    ...(login === undefined ? {} : { login }),
  })
  if (verdict.reason === 'exhausted') {
    const { zone } = decidedBy.limit
    // freenginx's words, which existing filters know.
    const text = `ngx_slab_alloc() failed: no memory in limit_conn_zone "${zone}"`
    const fields = findingFields(decidedBy)
    const exhausted = (): LogEntry => ({ text, ...whereOf(), fields })
    log.writeKind('crit', 'zone exhausted', exhausted, plan.listen.id)
    return
  }
  const kind = limitingBy(decidedBy.limit)
  const refused = (): LogEntry => ({
    text: `${kind} ${whichLimit(decidedBy)}`,
    ...whereOf(),
    fields: findingFields(decidedBy),
  })
  log.writeKind(decidedBy.limit.logLevel, kind, refused, plan.listen.id)
}

function logDryRun(log: KindLog, session: EngineSession, finding: Finding): void {
  const kind = limitingBy(finding.limit, ', dry run,')
  const exceeded = (): LogEntry => ({
    text: `${kind} ${whichLimit(finding)}`,
    ...sessionFields(session),
    fields: findingFields(finding),
  })
  log.writeKind(finding.limit.logLevel, kind, exceeded, session.listenId)
}

function limitingBy({ option }: Limit, dryRun = ''): string {
  return option === 'limit_conn'
    ? `limiting connections${dryRun} by zone`
    : `limiting sessions${dryRun} by ${option}`
}

/** freenginx names the zone only; Momentum's caps name scope and counts. */
function whichLimit(finding: Finding): string {
  const { option, zone, scope, capMax, alone } = finding.limit
  const store = alone === undefined ? '' : ', store away'
  if (option === 'limit_conn') return `"${zone}"${store}`
  return `"${scope}" (${finding.usedCount}/${capMax ?? 0})${store}`
}

/** Once each way; what the store said is no client's word, and is escaped like any. */
function logCluster(log: KindLog, event: ClusterEvent): void {
  const where = event.zone === undefined ? '' : ` of zone "${event.zone}"`
  switch (event.kind) {
    case 'cluster_away': {
      const { why, detail } = event
      const text = `the store${where} is away (${why}: ${escapeText(detail, storeTextMax)}), limits over all nodes do as When_Away says`
      log.writeKind('error', 'store away', () => ({ text, fields: { why, detail } }))
      return
    }
    case 'cluster_counting': {
      const { nodeCount, awayMs } = event
      const after = awayMs === undefined ? '' : ` again after ${Math.round(awayMs)} ms`
      const text = `the store${where} counts${after}, nodes: ${nodeCount}`
      log.writeKind('notice', 'store counts', () => ({ text, fields: { nodes: nodeCount } }))
      return
    }
    case 'cluster_drift': {
      const { drift } = event
      const text = `the store${where} differed by ${drift} from what this node wrote, everything is published anew`
      log.writeKind('warn', 'store drift', () => ({ text, fields: { drift } }))
      return
    }
    default:
      unreachable(event)
  }
}

/** Drift is never expected, so it is loud; its absence is worth a debug line only. */
function logAudit(log: KindLog, report: AuditReport): void {
  const isClean =
    report.drift === 0 && report.leakedIds.length === 0 && report.unknownIds.length === 0
  log.writeKind(isClean ? 'debug' : 'crit', 'self-audit', () => ({
    text: `self-audit: drift ${report.drift}, leaked ${report.leakedIds.length}, unknown ${report.unknownIds.length}`,
    fields: {
      drift: report.drift,
      leaked: report.leakedIds.length,
      unknown: report.unknownIds.length,
    },
  }))
}

function sessionFields(
  session: EngineSession,
): Pick<LogEntry, 'sessionId' | 'client' | 'server' | 'login'> {
  const { id, address, listenId, facts } = session
  const login = loginOf(facts)
  const who = login === undefined ? {} : { login }
  const client = facts?.isUnix === true ? unixClient : address.text
  return { sessionId: id, client, server: listenId, ...who }
}

function findingFields(finding: Finding): NonNullable<LogEntry['fields']> {
  const { option, tier, scope, capMax } = finding.limit
  return {
    option,
    tier,
    scope,
    used: finding.usedCount,
    ...(capMax === undefined ? {} : { cap: capMax }),
  }
}
