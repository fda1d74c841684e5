// The engine's verdict about who has logged in. Where a limit counts over several nodes it has to be
// waited for, with the client unread and an upstream that has taken the client already held back.

import type { AuthFacts } from '../../engine/auth-facts.ts'
import type { Verdict } from '../../engine/verdict.ts'
import type { Session } from '../session.ts'
import type { LoginAccept, LoginQuestion } from './authenticator.ts'

export interface LoginAdmission {
  readonly session: Session
  readonly facts: AuthFacts
  readonly answer: LoginAccept
}

/** Calls `onVerdict` at once and answers undefined, or answers what is waited for. */
export function admitLogin(
  { session, facts, answer }: LoginAdmission,
  onVerdict: (verdict: Verdict) => void,
): LoginQuestion | undefined {
  const verdict = session.host.engine.authenticate(session.engineSession, facts)
  if (verdict.kind !== 'asking') {
    onVerdict(verdict)
    return undefined
  }
  const run = answer.upstream.kind === 'ready' ? answer.upstream.run : undefined
  run?.hold()
  // The engine bounds the wait.
  session.enter('authenticating')
  let isAbandoned = false
  const wait = async (): Promise<void> => {
    const settled = await verdict.settled
    if (isAbandoned || settled === undefined) return
    session.touch()
    onVerdict(settled)
  }
  // Nothing to catch: the verdict never rejects, and a defect ends the process as anywhere.
  void wait()
  return {
    action: 'asking the store',
    onTimeout() {},
    abandon() {
      isAbandoned = true
      run?.abandon()
    },
  }
}
