// What limits did under hosts before this one, as far as anybody asked while they lived: no count of
// theirs falls when a host dies.

import { addLimitCounts, noLimitCount } from '../../engine/limit-counts.ts'
import type { LimitCount } from '../../engine/limit-counts.ts'
import type { LimitsReport } from '../control-protocol.ts'

export class CarriedLimits {
  /** Of limits of one policy after another: those of the last report alone are carried on. */
  #before: ReadonlyMap<string, LimitCount> = new Map()
  #last: ReadonlyMap<string, LimitCount> = new Map()

  addTo(report: LimitsReport): LimitsReport {
    const limits = report.limits.map((limit) => {
      const sum = addLimitCounts(limit, this.#before.get(limit.id) ?? noLimitCount)
      return { ...limit, ...sum }
    })
    this.#last = new Map(limits.map((limit) => [limit.id, addLimitCounts(limit, noLimitCount)]))
    return { ...report, limits }
  }

  onHostEnded(): void {
    this.#before = this.#last
  }
}
