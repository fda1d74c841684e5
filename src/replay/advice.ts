// The caps that would have refused nobody.

import type { ReportedLimit } from './report.ts'

export interface Advice {
  readonly limit: string
  readonly cap?: number
  /** The most that were wanted at once. */
  readonly demandPeak: number
  /** That, and head-room. */
  readonly suggestedCap: number
  /** Sessions that the record shows refused are part of the demand, with a length that is assumed. */
  readonly dependsOnAssumption: boolean
}

/** For every limit that refused, or would have without more room than asked for. */
export function advise(
  limits: readonly ReportedLimit[],
  headroomPercent: number,
): readonly Advice[] {
  return limits.flatMap((one) => {
    const { limit, cap, demandPeak } = one
    if (cap === undefined || demandPeak === 0) return []
    const suggestedCap = Math.max(
      demandPeak + 1,
      Math.ceil((demandPeak * (100 + headroomPercent)) / 100),
    )
    // Room enough already: what is right needs no advice.
    if (cap >= suggestedCap && one.refused === 0) return []
    const dependsOnAssumption = one.recorded > 0 || one.dependsOnAssumption
    return [{ limit, cap, demandPeak, suggestedCap, dependsOnAssumption }]
  })
}
