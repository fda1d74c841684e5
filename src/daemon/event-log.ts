// Turns the engine's events into log records, in the words that CONTRACT.md promises.

import { addressOfClient } from '../base/address.ts'
import { unreachable } from '../base/assert.ts'
import type { LogEntry, LogLevelName } from '../base/log.ts'
import type { AuditReport } from '../engine/audit.ts'
import type { EngineEvent } from '../engine/events.ts'
import type { EngineSession } from '../engine/session.ts'
import type { Finding, Refuse } from '../engine/verdict.ts'

/** A log that builds a record only when it will be written. */
export interface KindLog {
  writeKind(level: LogLevelName, kind: string, build: () => LogEntry): void
}

/** Writes what an event says, at the level its limit asks for. */
export function logEvent(log: KindLog, event: EngineEvent): void {
  switch (event.kind) {
    case 'session_opened':
      log.writeKind('info', 'client connected', () => ({
        text: 'client connected',
        ...sessionFields(event.verdict.session),
      }))
      return
    case 'session_refused':
      logRefusal(log, event.verdict, event.remote)
      return
    case 'dry_run_exceeded':
      logDryRun(log, event.session, event.finding)
      return
    case 'session_closed':
      log.writeKind('info', 'session closed', () => ({
        text: 'session closed',
        ...sessionFields(event.session),
        fields: { durationMs: Math.round(event.closedMs - event.session.openedMs) },
      }))
      return
    case 'policy_replaced':
      // The reload says so itself, once everything that belongs to it is done.
      return
    case 'audited':
      logAudit(log, event.report)
      return
    default:
      unreachable(event)
  }
}

function logRefusal(log: KindLog, verdict: Refuse, remote: string): void {
  const { decidedBy, plan, sessionId } = verdict
  const whereOf = (): Pick<LogEntry, 'sessionId' | 'client' | 'server'> => ({
    sessionId,
    // As it was counted, and as its admitted neighbours are logged (SEMANTICS S10).
    client: addressOfClient(remote)?.text ?? remote,
    server: plan.listen.id,
  })
  if (verdict.reason === 'exhausted') {
    const { zone } = decidedBy.limit
    log.writeKind('crit', 'zone exhausted', () => ({
      text: `could not allocate a state in zone "${zone}"`,
      ...whereOf(),
      fields: findingFields(decidedBy),
    }))
    return
  }
  const kind = `limiting sessions by ${decidedBy.limit.option}`
  log.writeKind(decidedBy.limit.logLevel, kind, () => ({
    text: `${kind} ${scopeAndCounts(decidedBy)}`,
    ...whereOf(),
    fields: findingFields(decidedBy),
  }))
}

function logDryRun(log: KindLog, session: EngineSession, finding: Finding): void {
  const kind = `limiting sessions, dry run, by ${finding.limit.option}`
  log.writeKind(finding.limit.logLevel, kind, () => ({
    text: `${kind} ${scopeAndCounts(finding)}`,
    ...sessionFields(session),
    fields: findingFields(finding),
  }))
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
): Required<Pick<LogEntry, 'sessionId' | 'client' | 'server'>> {
  return { sessionId: session.id, client: session.address.text, server: session.listenId }
}

function scopeAndCounts(finding: Finding): string {
  return `"${finding.limit.scope}" (${finding.usedCount}/${finding.limit.capMax ?? 0})`
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
