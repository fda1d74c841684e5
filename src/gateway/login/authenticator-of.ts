// Which authenticator decides about the logins of a session.

import { assert, unreachable } from '../../base/assert.ts'
import type { Settings } from '../../policy/plan.ts'
import type { Session } from '../session.ts'
import type { Authenticator } from './authenticator.ts'
import { HttpAuthenticator } from './http-authenticator.ts'
import { UpstreamAuthenticator } from './upstream-authenticator.ts'
import { UsersAuthenticator } from './users-authenticator.ts'

export function authenticatorOf(session: Session, settings: Settings): Authenticator {
  const value = settings.authenticator?.value
  assert(value !== undefined && value.kind !== 'none', 'a plan that asks for a login')
  switch (value.kind) {
    case 'http':
      return new HttpAuthenticator(session, settings, value.server)
    case 'users':
      return new UsersAuthenticator(session, settings, value.file)
    case 'upstream':
      return new UpstreamAuthenticator(session, settings)
    default:
      return unreachable(value)
  }
}
