// Whether the sessions of a plan log in at the gate.

import type { AuthenticatorValue } from './options.ts'
import type { Plan } from './plan.ts'
import type { ServiceName } from './policy.ts'

/** The services whose clients can log in. */
export type LoginService = Exclude<ServiceName, 'ecstream'>

/** True when sessions of this plan log in here; all others are relayed from their first byte. */
export function needsLogin(plan: Plan): boolean {
  return loginServiceOf(plan) !== undefined && asksSomebody(plan.settings.authenticator?.value)
}

/**
 * An auth server may know what to do with digests, tokens and certificates. A hash and an upstream
 * can only be shown a password.
 */
export function takesPasswordsOnly(authenticator: AuthenticatorValue | undefined): boolean {
  return authenticator?.kind === 'users' || authenticator?.kind === 'upstream'
}

/** False for none, and for the `none` that cancels an outer one. */
export function asksSomebody(authenticator: AuthenticatorValue | undefined): boolean {
  return authenticator !== undefined && authenticator.kind !== 'none'
}

/** True when somebody is told what these clients are called, and it can be found out. */
export function needsClientName({ listener, settings }: Plan): boolean {
  const { resolver, authenticator, upstreamXclient } = settings
  if (listener.service !== 'smtp' || resolver === undefined) return false
  if (resolver.value.length === 0) return false
  return authenticator?.value.kind === 'http' || upstreamXclient.value !== 'no'
}

export function loginServiceOf(plan: Plan): LoginService | undefined {
  const { service } = plan.listener
  return service === 'ecstream' ? undefined : service
}
