// The report of the nginx dialect: the shared one, with this dialect's codes.

import { Report as AnyReport } from '../report.ts'
import type { NginxCode } from './codes.ts'

/** Gathers findings in the order in which nginx would have met them. */
export type Report = AnyReport<NginxCode>

/** An empty report. */
export function createReport(): Report {
  return new AnyReport('nginx.too_many_errors')
}
