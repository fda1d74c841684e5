// What each limit of a policy has done since the daemon started: refusals, what a dry run would have
// refused, and the highest count. In memory of a place that outlives the thread in it.

import { limitId } from '../policy/limit-table.ts'
import type { Limit } from '../policy/limit.ts'
import type { EngineEvent } from './events.ts'
import type { Finding } from './verdict.ts'

const refusedAt = 0
const exhaustedAt = 1
const dryRunAt = 2
const highWaterAt = 3
const rowSize = 4

/**
 * Names that are kept apart, reloads that bring new ones included: as many series as a Prometheus
 * takes of one metric, in 128 KiB for each worker. What comes after is counted under `other`.
 */
const rowsMax = 4096
const otherRow = 0
export const otherLimit = 'other'

export interface LimitCount {
  /** Sessions that it alone turned away: it was the first that did not fit. */
  readonly refusedTotal: number
  /** Of these, the ones that a zone had no room for. */
  readonly exhaustedTotal: number
  readonly dryRunTotal: number
  /** The most sessions that one of its budgets held. */
  readonly highWaterCount: number
}

/** Rows by name of limit; the same in all that count together. */
export class LimitRows {
  readonly #rows = new Map<string, number>([[otherLimit, otherRow]])

  constructor(ids: Iterable<string> = []) {
    this.add(ids)
  }

  /** Names have their row for good: a limit that a reload removes may come back. */
  add(ids: Iterable<string>): void {
    for (const id of ids) {
      if (!this.#rows.has(id) && this.#rows.size < rowsMax) this.#rows.set(id, this.#rows.size)
    }
  }

  /** In the order of their rows: whoever is given them numbers them alike. */
  get ids(): readonly string[] {
    return [...this.#rows.keys()]
  }

  rowOf(id: string): number {
    return this.#rows.get(id) ?? otherRow
  }
}

export class LimitCounts {
  readonly rows: LimitRows
  readonly #counts: Float64Array
  /** Limits of the connect stage are made once per plan, so their row is looked up once. */
  readonly #known = new WeakMap<Limit, number>()

  constructor(rows: LimitRows, memory: ArrayBufferLike = new ArrayBuffer(LimitCounts.bytes)) {
    this.rows = rows
    this.#counts = new Float64Array(memory)
  }

  static get bytes(): number {
    return rowsMax * rowSize * Float64Array.BYTES_PER_ELEMENT
  }

  /** Memory for one, which threads can share. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(LimitCounts.bytes)
  }

  onEvent(event: EngineEvent): void {
    switch (event.kind) {
      case 'session_refused': {
        const { decidedBy } = event.verdict
        const base = this.#baseOf(decidedBy.limit)
        this.#add(base + refusedAt)
        if (decidedBy.isExhausted) this.#add(base + exhaustedAt)
        return
      }
      case 'dry_run_exceeded':
        this.#add(this.#baseOf(event.finding.limit) + dryRunAt)
        return
      case 'session_opened':
      case 'session_authenticated':
        this.#raise(event.verdict.findings)
        return
      default:
      // Nothing else is about a limit.
    }
  }

  countOf(id: string): LimitCount {
    const base = this.rows.rowOf(id) * rowSize
    return {
      refusedTotal: this.#counts[base + refusedAt] ?? 0,
      exhaustedTotal: this.#counts[base + exhaustedAt] ?? 0,
      dryRunTotal: this.#counts[base + dryRunAt] ?? 0,
      highWaterCount: this.#counts[base + highWaterAt] ?? 0,
    }
  }

  #raise(findings: readonly Finding[]): void {
    for (const { limit, usedCount, isExhausted } of findings) {
      if (limit.origin === undefined || isExhausted) continue
      const at = this.#baseOf(limit) + highWaterAt
      // With this session.
      if (usedCount >= (this.#counts[at] ?? 0)) this.#counts[at] = usedCount + 1
    }
  }

  #baseOf(limit: Limit): number {
    let row = this.#known.get(limit)
    if (row === undefined) {
      row = this.rows.rowOf(limitId(limit))
      this.#known.set(limit, row)
    }
    return row * rowSize
  }

  #add(at: number): void {
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
  }
}

/** Totals are summed up; of the highest counts the highest stands. */
export function addLimitCounts(one: LimitCount, other: LimitCount): LimitCount {
  return {
    refusedTotal: one.refusedTotal + other.refusedTotal,
    exhaustedTotal: one.exhaustedTotal + other.exhaustedTotal,
    dryRunTotal: one.dryRunTotal + other.dryRunTotal,
    highWaterCount: Math.max(one.highWaterCount, other.highWaterCount),
  }
}

export const noLimitCount: LimitCount = Object.freeze({
  refusedTotal: 0,
  exhaustedTotal: 0,
  dryRunTotal: 0,
  highWaterCount: 0,
})
