// The one narrow view through which the admin API sees the gate, and steers it.

import type { MeterValues } from '../gateway/meters.ts'
import type {
  Budgets,
  Diagnostic,
  Explained,
  Kicked,
  LimitAnswer,
  Limits,
  ReloadAnswer,
  Refusals,
  Sessions,
  Status,
} from './answers.ts'

/** An expected failure: `problem` is a sentence for whoever asked. */
export type Answer<T> =
  | { readonly ok: true; readonly result: T }
  | {
      readonly ok: false
      readonly code: ProblemCode
      readonly problem: string
      readonly diagnostics?: Diagnostics
    }

export type ProblemCode =
  'unavailable' | 'not_found' | 'bad_request' | 'draining' | 'reload_refused'

export interface SessionFilter {
  readonly user?: string
  readonly from?: string
  readonly limitId?: string
  readonly olderMs?: number
}

export interface EventsBatch {
  readonly lostCount: number
  /** One object as JSON each. */
  readonly events: readonly string[]
}

export type Diagnostics = readonly Diagnostic[]

export interface AdminView {
  readonly isDraining: boolean
  status(): Promise<Omit<Status, 'access'>>
  limits(): Promise<Answer<Limits>>
  budgets(query: {
    readonly sort: 'fill' | 'used'
    readonly limit: number
    readonly offset: number
    readonly zone?: string
    readonly limitId?: string
  }): Promise<Answer<Budgets>>
  sessions(
    query: SessionFilter & { readonly limit: number; readonly afterId: number },
  ): Promise<Answer<Sessions>>
  refusals(query: {
    readonly limit: number
    readonly user?: string
    readonly from?: string
    readonly limitId?: string
    readonly before?: { readonly atMs: number; readonly sessionId: number }
  }): Promise<Answer<Refusals>>
  explain(query: { readonly listen: string; readonly from: string }): Promise<Answer<Explained>>
  /** Ends one session, or at most `limit` of those that a filter finds. */
  kick(
    query: { readonly ids: readonly number[] } | (SessionFilter & { readonly limit: number }),
  ): Promise<Answer<Kicked>>
  setLimit(id: string, capMax: number): Promise<Answer<LimitAnswer>>
  /** Stops accepting and waits for the sessions there are; the daemon ends with the last one. */
  drain(): Answer<undefined>
  reload(): Promise<Answer<ReloadAnswer>>
  previewReload(): Answer<ReloadAnswer>
  metrics(): Promise<MetricsSource>
  /** Calls the listener until the function that comes back is called. */
  subscribe(listener: (batch: EventsBatch) => void): () => void
}

/** What the metrics are made from. */
export interface MetricsSource {
  readonly status: Omit<Status, 'access'>
  readonly limits: Limits | undefined
  readonly reloadFailedTotal: number
  readonly sessionsByService: Readonly<Record<string, number>>
  readonly upstreams: readonly { readonly upstream: string; readonly isUp: boolean }[]
  readonly histograms: MeterValues
}
