// A limit for tests of zones and admissions: only zone, key and cap matter there.

import type { Limit } from '../../src/policy/limit.ts'

export interface LimitText {
  readonly zone: string
  readonly key: string
  readonly capMax?: number
  readonly isDryRun?: boolean
}

export function limitOf({ zone, key, capMax, isDryRun = false }: LimitText): Limit {
  return {
    kind: 'limit',
    stage: 'connect',
    option: 'limit_conn',
    tier: 'keyed',
    zone,
    key,
    scope: 'test',
    ...(capMax === undefined ? {} : { capMax }),
    isDryRun,
    logLevel: 'error',
  }
}
