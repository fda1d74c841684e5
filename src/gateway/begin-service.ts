// What an admitted client came for: a login here, where one is asked for, or its upstream at once.

import { needsLogin } from '../policy/login.ts'
import { Login } from './login/login.ts'
import { withClientName } from './names/name-stage.ts'
import type { Session } from './session.ts'
import { beginUpstream } from './upstream.ts'

/** `early` is what the client has already sent. */
export function beginService(session: Session, early: Buffer | undefined): void {
  withClientName(session, early, beginNamed)
}

/** Asks the plan only now: a reload may have brought another one while the name was looked up. */
function beginNamed(session: Session, early: Buffer | undefined): void {
  if (needsLogin(session.engineSession.plan)) Login.begin(session, early)
  else beginUpstream(session, early)
}
