// The one stream of events that log, metrics, control socket and recorders listen to.

import type { AuditReport } from './audit.ts'
import type { AuthFacts } from './auth-facts.ts'
import type { ClusterEvent } from './cluster/cluster-view.ts'
import type { EngineSession } from './session.ts'
import type { Admit, Finding, Refuse } from './verdict.ts'

/**
 * `order` is the event's place among those of all engines that count together, and 0 where nobody
 * asks for it (`EngineOptions.nextOrder`). It is drawn while the zones are locked, so counting in
 * this order comes to the same verdicts.
 */
export type EngineEvent =
  /** Its PROXY header is awaited; it holds the shared budgets of its Listen (SEMANTICS S12). */
  | { readonly kind: 'session_accepted'; readonly session: EngineSession; readonly order: number }
  | { readonly kind: 'session_opened'; readonly verdict: Admit; readonly order: number }
  /** Refused at accept, or, with a `login`, after it had been opened: then no `session_closed` follows. */
  | {
      readonly kind: 'session_refused'
      readonly verdict: Refuse
      readonly remote: string
      readonly login?: string
      /** What was known about who logged in. */
      readonly facts?: AuthFacts
      readonly order: number
    }
  | { readonly kind: 'session_authenticated'; readonly verdict: Admit; readonly order: number }
  /** A dry-run limit was over; the session went on (SEMANTICS S18). */
  | {
      readonly kind: 'dry_run_exceeded'
      readonly session: EngineSession
      readonly finding: Finding
      readonly order: number
    }
  | {
      readonly kind: 'session_closed'
      readonly session: EngineSession
      readonly closedMs: number
      readonly order: number
    }
  | {
      readonly kind: 'policy_replaced'
      readonly revision: number
      readonly recountedCount: number
      readonly order: number
    }
  | { readonly kind: 'audited'; readonly report: AuditReport }
  | ClusterEvent
