// The one stream of events that log, metrics, control socket and recorders listen to.

import type { AuditReport } from './audit.ts'
import type { EngineSession } from './session.ts'
import type { Admit, Finding, Refuse } from './verdict.ts'

export type EngineEvent =
  | { readonly kind: 'session_opened'; readonly verdict: Admit }
  /** Refused at accept, or, with a `login`, after it had been opened: then no `session_closed` follows. */
  | {
      readonly kind: 'session_refused'
      readonly verdict: Refuse
      readonly remote: string
      readonly login?: string
    }
  | { readonly kind: 'session_authenticated'; readonly verdict: Admit }
  /** A dry-run limit was over; the session went on (SEMANTICS S18). */
  | {
      readonly kind: 'dry_run_exceeded'
      readonly session: EngineSession
      readonly finding: Finding
    }
  | { readonly kind: 'session_closed'; readonly session: EngineSession; readonly closedMs: number }
  | { readonly kind: 'policy_replaced'; readonly revision: number; readonly recountedCount: number }
  | { readonly kind: 'audited'; readonly report: AuditReport }
