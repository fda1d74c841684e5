// What one limit of the new policy did in the replay.

import type { Span } from '../base/diagnostic.ts'
import type { LimitOption, Stage, Tier } from '../policy/limit.ts'
import { Series } from './series.ts'

export interface LimitIdentity {
  readonly stage: Stage
  readonly option: LimitOption
  readonly tier: Tier
  readonly zone: string
  readonly scope: string
  /** The Listen it counts, for `listener_sessions`. */
  readonly on?: string
}

/** Every other name is counted together: the report shows a handful. */
const namesMax = 10_000

/** Counts by name, bounded. */
export class Names {
  readonly #counts = new Map<string, number>()
  otherCount = 0

  add(name: string): void {
    const count = this.#counts.get(name)
    if (count === undefined && this.#counts.size >= namesMax) this.otherCount += 1
    else this.#counts.set(name, (count ?? 0) + 1)
  }

  get size(): number {
    return this.#counts.size
  }

  top(count: number): readonly (readonly [name: string, count: number])[] {
    return [...this.#counts].toSorted((a, b) => b[1] - a[1]).slice(0, count)
  }
}

export class LimitRow {
  readonly limit: LimitIdentity
  readonly cap: number | undefined
  readonly isDryRun: boolean
  readonly origin: Span | undefined
  atCapMs = 0
  #fullCount = 0
  #fullSinceMs = 0
  refusedCount = 0
  /** Of these, sessions that the record shows refused, too. */
  refusedBeforeCount = 0
  /** Of these, decided while sessions of assumed length held slots here. */
  refusedByAssumptionCount = 0
  dryRunCount = 0
  exhaustedCount = 0
  firstRefusedMs: number | undefined
  lastRefusedMs: number | undefined
  /** Refused in the record by the limit of this name, whatever its cap was. */
  recordedCount = 0
  /** Sessions of assumed length that held a slot here. */
  assumedCount = 0
  readonly clients: Names = new Names()
  readonly users: Names = new Names()
  readonly refusals: Series = new Series({ isSum: true })

  constructor(
    limit: LimitIdentity,
    rest: { readonly cap?: number; readonly isDryRun: boolean; readonly origin?: Span },
  ) {
    this.limit = limit
    this.cap = rest.cap
    this.isDryRun = rest.isDryRun
    this.origin = rest.origin
  }

  /** A budget of this limit went from `before` to `after`. */
  note(atMs: number, before: number, after: number): void {
    const { cap } = this
    if (cap === undefined) return
    if (before < cap && after >= cap) {
      if (this.#fullCount === 0) this.#fullSinceMs = atMs
      this.#fullCount += 1
    } else if (before >= cap && after < cap) {
      this.#fullCount -= 1
      if (this.#fullCount === 0) this.atCapMs += atMs - this.#fullSinceMs
    }
  }

  refuse(atMs: number, who: { readonly client: string; readonly user?: string }): void {
    this.refusedCount += 1
    this.firstRefusedMs ??= atMs
    this.lastRefusedMs = atMs
    this.refusals.note(atMs, 1)
    this.clients.add(who.client)
    if (who.user !== undefined) this.users.add(who.user)
  }

  /** Time at the cap up to `endMs`, which is the end of all. */
  totalAtCapMs(endMs: number): number {
    return this.atCapMs + (this.#fullCount > 0 ? endMs - this.#fullSinceMs : 0)
  }
}

/** As the log names it: `service_sessions "ESMTP_Listener Peer 0.0.0.0/0"`. */
export function labelOf({ option, zone, scope, on }: LimitIdentity): string {
  if (option === 'limit_conn') return `limit_conn "${zone}" in ${scope}`
  return `${option} "${scope}"${on === undefined || scope.includes(on) ? '' : ` on ${on}`}`
}

/** Two limits of one name are one limit, whose cap was changed. */
export function identityKey({ option, tier, zone, scope, on }: LimitIdentity): string {
  return [option, tier, zone, scope, on ?? ''].join('\n')
}
