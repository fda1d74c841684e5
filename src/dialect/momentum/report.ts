// The report of the Momentum dialect: the shared one, with this dialect's codes.

import { Report as AnyReport } from '../report.ts'
import type { keyCodes } from '../../policy/key.ts'
import type { MomentumCode } from './codes.ts'

export { listed, quoted } from '../report.ts'

/** Gathers findings. Errors beyond the first thousand are only counted. */
export type Report = AnyReport<MomentumCode | keyof typeof keyCodes>

/** An empty report. */
export function createReport(): Report {
  return new AnyReport('momentum.too_many_errors')
}
