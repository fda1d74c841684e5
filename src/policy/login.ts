// Whether the sessions of a plan log in at the gate.

import type { Plan } from './plan.ts'
import type { ServiceName } from './policy.ts'

/** The services whose clients can log in. */
export type LoginService = Exclude<ServiceName, 'ecstream'>

/** True when sessions of this plan log in here; all others are relayed from their first byte. */
export function needsLogin(plan: Plan): boolean {
  return loginServiceOf(plan) !== undefined && plan.settings.authHttp?.value.server !== undefined
}

export function loginServiceOf(plan: Plan): LoginService | undefined {
  const { service } = plan.listener
  return service === 'ecstream' ? undefined : service
}
