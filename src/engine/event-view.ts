// Events as plain data for everybody outside this thread: recorders, pages, programs. Versioned,
// because what reads them may be another version of Postern.

import { addressOfClient } from '../base/address.ts'
import type { Span } from '../base/diagnostic.ts'
import type { LimitOption, Stage, Tier } from '../policy/limit.ts'
import type { AuthFacts } from './auth-facts.ts'
import type { EngineEvent } from './events.ts'
import type { EngineSession } from './session.ts'
import type { Finding } from './verdict.ts'

/** One more whenever a reader of the one before would misunderstand. */
export const eventVersion = 1

/** A text, or bytes that are none. */
export type TextView = string | { readonly base64: string }

/** What limits may count by, beside the address. */
export interface LoginView {
  /** Absent: nobody logged in. */
  readonly user?: TextView
  /** Those headers of the auth server that a zone counts by, names as in `$auth_http_NAME`. */
  readonly headers?: readonly (readonly [name: string, value: TextView])[]
}

export interface FindingView {
  readonly option: LimitOption
  readonly tier: Tier
  readonly zone: string
  readonly key: string
  readonly scope: string
  readonly cap?: number
  /** Before this session. */
  readonly used: number
  readonly isOver: boolean
  readonly isExhausted?: true
  readonly isDryRun?: true
  readonly origin?: Span
}

interface WhoView {
  readonly session: number
  readonly listen: string
  /** The address it counts under; `unix` without one. */
  readonly client: string
}

export type EventBody =
  | ({ readonly event: 'accepted' } & WhoView)
  | ({ readonly event: 'opened'; readonly findings?: readonly FindingView[] } & WhoView)
  | ({
      readonly event: 'authenticated'
      readonly findings?: readonly FindingView[]
    } & WhoView &
      LoginView)
  | ({
      readonly event: 'refused'
      readonly stage: Stage
      readonly reason: 'full' | 'exhausted'
      readonly decidedBy: FindingView
      /** All limits that were looked at, in their order. */
      readonly findings?: readonly FindingView[]
    } & WhoView &
      LoginView)
  | ({ readonly event: 'dry_run'; readonly finding: FindingView } & WhoView)
  | ({ readonly event: 'closed'; readonly lengthMs: number } & WhoView)
  | { readonly event: 'policy_replaced'; readonly revision: number; readonly recounted: number }
  | {
      readonly event: 'audited'
      readonly drift: number
      readonly leaked: number
      readonly unknown: number
    }
  /** The store of limits over several nodes went, came, or had lost writes; as in the log. */
  | {
      readonly event: 'cluster_away'
      readonly zone?: string
      readonly why: string
      readonly detail: string
    }
  | {
      readonly event: 'cluster_counting'
      readonly zone?: string
      readonly nodes: number
      readonly awayMs?: number
    }
  | { readonly event: 'cluster_drift'; readonly zone?: string; readonly drift: number }
  /** This worker's part of the stream begins; `open` follows for each session it has. */
  | { readonly event: 'began'; readonly revision: number }
  | ({
      readonly event: 'open'
      readonly ageMs: number
      readonly isAwaitingAddress?: true
      readonly isAuthenticated?: true
    } & WhoView &
      LoginView)
  /** The worker died, and its sessions with it. */
  | { readonly event: 'worker_lost' }
  /** All workers died, and all sessions with them; `order` begins anew. */
  | { readonly event: 'all_lost' }

export interface EventStamp {
  readonly v: typeof eventVersion
  /** Its place among the events of all workers; several may share one. */
  readonly order: number
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** From 1; 0 is the daemon itself. */
  readonly worker: number
}

export type EventView = EventStamp & EventBody

export interface ViewOptions {
  /** Names of headers to show, as in `$auth_http_NAME`. */
  readonly headers: ReadonlySet<string>
  /** Every finding, not only the one that decided. */
  readonly hasFindings: boolean
}

/** What an event says. Holds no secret: passwords never reach the engine. */
export function bodyOf(event: EngineEvent, options: ViewOptions): EventBody {
  switch (event.kind) {
    case 'session_accepted':
      return { event: 'accepted', ...whoOf(event.session) }
    case 'session_opened':
      return {
        event: 'opened',
        ...whoOf(event.verdict.session),
        ...findingsOf(event.verdict.findings, options),
      }
    case 'session_authenticated':
      return {
        event: 'authenticated',
        ...whoOf(event.verdict.session),
        ...loginView(event.verdict.session.facts, options.headers),
        ...findingsOf(event.verdict.findings, options),
      }
    case 'session_refused': {
      const { verdict, remote, facts } = event
      return {
        event: 'refused',
        session: verdict.sessionId,
        listen: verdict.plan.listen.id,
        client: remote === 'unix' ? remote : (addressOfClient(remote)?.text ?? remote),
        stage: verdict.stage,
        reason: verdict.reason,
        ...loginView(facts, options.headers),
        decidedBy: findingView(verdict.decidedBy),
        ...findingsOf(verdict.findings, options),
      }
    }
    case 'dry_run_exceeded':
      return { event: 'dry_run', ...whoOf(event.session), finding: findingView(event.finding) }
    case 'session_closed': {
      const lengthMs = Math.round(event.closedMs - event.session.openedMs)
      return { event: 'closed', ...whoOf(event.session), lengthMs }
    }
    case 'policy_replaced':
      return {
        event: 'policy_replaced',
        revision: event.revision,
        recounted: event.recountedCount,
      }
    case 'audited': {
      const { drift, leakedIds, unknownIds } = event.report
      return { event: 'audited', drift, leaked: leakedIds.length, unknown: unknownIds.length }
    }
    case 'cluster_away': {
      const { kind, ...rest } = event
      return { event: kind, ...rest }
    }
    case 'cluster_counting': {
      const { zone, nodeCount: nodes, awayMs } = event
      return {
        event: event.kind,
        ...(zone === undefined ? {} : { zone }),
        nodes,
        ...(awayMs === undefined ? {} : { awayMs: Math.round(awayMs) }),
      }
    }
    case 'cluster_drift': {
      const { kind, ...rest } = event
      return { event: kind, ...rest }
    }
  }
}

/** A session that is open when somebody begins to listen. */
export interface OpenSession {
  readonly session: EngineSession
  readonly facts: AuthFacts | undefined
  readonly isAwaitingAddress: boolean
  readonly ageMs: number
}

export function openBody(open: OpenSession, headers: ReadonlySet<string>): EventBody {
  const { session, facts, isAwaitingAddress, ageMs } = open
  return {
    event: 'open',
    ...whoOf(session),
    ageMs: Math.max(0, Math.round(ageMs)),
    ...(isAwaitingAddress ? { isAwaitingAddress } : {}),
    ...(facts === undefined ? {} : { isAuthenticated: true as const }),
    ...loginView(facts, headers),
  }
}

function whoOf({ id, listenId, address, facts }: EngineSession): WhoView {
  return { session: id, listen: listenId, client: facts?.isUnix === true ? 'unix' : address.text }
}

function loginView(facts: AuthFacts | undefined, names: ReadonlySet<string>): LoginView {
  if (facts === undefined) return {}
  const { user, authHeaders } = facts
  const headers =
    names.size === 0
      ? []
      : authHeaders.flatMap(({ name, value }): (readonly [string, TextView])[] => {
          const key = name.toLowerCase().replaceAll('-', '_')
          return names.has(key) ? [[key, textView(value)]] : []
        })
  return {
    ...(user === undefined ? {} : { user: textView(user) }),
    ...(headers.length === 0 ? {} : { headers }),
  }
}

function textView(value: string | Uint8Array): TextView {
  if (typeof value === 'string') return value
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString('base64') }
}

function findingsOf(
  findings: readonly Finding[],
  { hasFindings }: ViewOptions,
): { readonly findings?: readonly FindingView[] } {
  return hasFindings ? { findings: findings.map(findingView) } : {}
}

function findingView({ limit, usedCount, isOver, isExhausted }: Finding): FindingView {
  const { option, tier, zone, key, scope, capMax, isDryRun, origin } = limit
  return {
    option,
    tier,
    zone,
    key,
    scope,
    ...(capMax === undefined ? {} : { cap: capMax }),
    used: usedCount,
    isOver,
    ...(isExhausted ? { isExhausted } : {}),
    ...(isDryRun ? { isDryRun } : {}),
    ...(origin === undefined ? {} : { origin }),
  }
}
