// Keeps a flood out of the log: so many records per second of each kind, the rest counted.

import type { Clock } from '../base/clock.ts'
import type { LogLevelName } from '../base/log.ts'

export interface LogRateOptions {
  readonly clock: Clock
  readonly recordsPerSecond?: number
  readonly burstCount?: number
  /** How many write the same log; each has its part of the rate. */
  readonly shareCount?: number
}

/** What was left out since the last report. */
export interface SuppressedKind {
  readonly level: LogLevelName
  readonly kind: string
  readonly count: number
}

interface KindBudget {
  readonly level: LogLevelName
  readonly kind: string
  tokens: number
  refilledMs: number
  suppressedCount: number
}

/** Steady rate: enough to see a flood go on, and under 2 MB of log per hour and kind. */
const defaultRecordsPerSecond = 20
/** A burst of everyday size, such as one busy client's retries, is logged whole. */
const defaultBurstCount = 100
/** Kinds are texts of ours, a few dozen; past this bound all new ones share one budget. */
const kindCountMax = 256

/** A token bucket per (level, kind). Never suppresses `crit` and worse, nor `debug`. */
export class LogRate {
  readonly #clock: Clock
  readonly #perMs: number
  readonly #burstCount: number
  readonly #budgets = new Map<string, KindBudget>()

  constructor(options: LogRateOptions) {
    this.#clock = options.clock
    const { shareCount = 1 } = options
    this.#perMs = (options.recordsPerSecond ?? defaultRecordsPerSecond) / 1000 / shareCount
    this.#burstCount = Math.ceil((options.burstCount ?? defaultBurstCount) / shareCount)
  }

  /** True when a record of this kind may be written now; otherwise it is counted as left out. */
  admit(level: LogLevelName, kind: string): boolean {
    if (isRateExempt(level)) return true
    const budget = this.#budgetOf(level, kind)
    const nowMs = this.#clock.monotonicMs()
    const refill = (nowMs - budget.refilledMs) * this.#perMs
    budget.tokens = Math.min(this.#burstCount, budget.tokens + refill)
    budget.refilledMs = nowMs
    if (budget.tokens < 1) {
      budget.suppressedCount += 1
      return false
    }
    budget.tokens -= 1
    return true
  }

  /** What was left out since the last call. */
  takeSuppressed(): readonly SuppressedKind[] {
    const taken: SuppressedKind[] = []
    for (const budget of this.#budgets.values()) {
      if (budget.suppressedCount === 0) continue
      taken.push({ level: budget.level, kind: budget.kind, count: budget.suppressedCount })
      budget.suppressedCount = 0
    }
    return taken
  }

  #budgetOf(level: LogLevelName, kind: string): KindBudget {
    const known = this.#budgets.get(`${level} ${kind}`)
    if (known !== undefined) return known
    if (this.#budgets.size >= kindCountMax && kind !== otherKind) {
      return this.#budgetOf(level, otherKind)
    }
    const refilledMs = this.#clock.monotonicMs()
    const budget = { level, kind, tokens: this.#burstCount, refilledMs, suppressedCount: 0 }
    this.#budgets.set(`${level} ${kind}`, budget)
    return budget
  }
}

const otherKind = 'other records'

/** What is this bad must be seen; what is asked for in debugging must be complete. */
export function isRateExempt(level: LogLevelName): boolean {
  return level === 'emerg' || level === 'alert' || level === 'crit' || level === 'debug'
}

/** A kind is a short text of ours. */
const kindLengthMax = 64

/** The kind of a free text: what stands before its first number, quote or bracket. */
export function kindOf(text: string): string {
  const end = text.search(/ \(|["'[0-9]/)
  return (end < 0 ? text : text.slice(0, end)).trim().slice(0, kindLengthMax)
}
