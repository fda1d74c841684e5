// What is kept of an engine's events, for whoever asks: the last refusals, what each limit did, the
// last self-audit.

import type { Clock } from '../base/clock.ts'
import type { AuditReport } from '../engine/audit.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineEvent } from '../engine/events.ts'
import { LimitCounts, LimitRows } from '../engine/limit-counts.ts'
import { limitTable } from '../policy/limit-table.ts'
import type { LimitRow } from '../policy/limit-table.ts'
import type { Policy } from '../policy/policy.ts'
import { refusalsKeptMax } from './control-protocol.ts'
import { RefusalRing } from './refusal-ring.ts'

export interface EventRecordOptions {
  readonly policy: Policy
  readonly clock: Clock
  /** Where it counts together with others: names and memory that were given to it. */
  readonly limitIds?: readonly string[]
  readonly memory?: SharedArrayBuffer
}

export class EventRecord {
  readonly refusals: RefusalRing
  readonly counts: LimitCounts
  #policy: Policy
  #table: readonly LimitRow[]
  #lastAudit: AuditReport | undefined

  constructor({ policy, clock, limitIds, memory }: EventRecordOptions) {
    this.#policy = policy
    this.#table = limitTable(policy)
    this.counts = new LimitCounts(new LimitRows(limitIds ?? idsOf(this.#table)), memory)
    this.refusals = new RefusalRing(refusalsKeptMax, clock)
  }

  get lastAudit(): AuditReport | undefined {
    return this.#lastAudit
  }

  /** Every limit of the engine's policy. */
  get limits(): readonly LimitRow[] {
    return this.#table
  }

  onEvent(event: EngineEvent, engine: Pick<Engine, 'policy'>): void {
    if (event.kind === 'policy_replaced') this.#takePolicy(engine.policy)
    else if (event.kind === 'audited') this.#lastAudit = event.report
    else if (event.kind === 'session_refused') this.refusals.add(event)
    this.counts.onEvent(event)
  }

  #takePolicy(policy: Policy): void {
    if (policy === this.#policy) return
    this.#policy = policy
    this.#table = limitTable(policy)
    this.counts.rows.add(idsOf(this.#table))
  }
}

function idsOf(table: readonly LimitRow[]): readonly string[] {
  return table.map(({ id }) => id)
}
