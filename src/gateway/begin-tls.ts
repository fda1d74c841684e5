// TLS on an admitted session, from its start or after STARTTLS: the handshake, the client's
// certificate, then on to its login or its upstream.

import { PosternError } from '../base/errors.ts'
import { attachClient, detachClient } from './client.ts'
import { sessionKey } from './session-socket.ts'
import type { SessionSocket } from './session-socket.ts'
import type { Session } from './session.ts'
import { startTls, verifyProblem } from './tls.ts'
import type { TlsProfile } from './tls.ts'

// Two round trips and a slow machine's key exchange take a second or two; 30 s is ten times that,
// and what stalls longer holds a slot for nothing.
const handshakeMs = 30_000

export interface TlsBeginning {
  /** What came in one piece with a PROXY header. */
  readonly early?: Buffer | undefined
  /** A limit of the caller's, beside the handshake's own. */
  readonly untilMs?: number
  /** Where the session goes once it is inside TLS. */
  readonly onSecured: (session: Session) => void
}

/** Starts the handshake. */
export function beginTls(session: Session, { early, untilMs, onSecured }: TlsBeginning): void {
  const profile = profileOf(session)
  if (profile === undefined) {
    session.client.destroy()
    return
  }
  const { raw, setup } = session
  if (setup !== undefined) setup.tls = { profile, onSecured }
  detachClient(raw)
  if (early !== undefined && early.length > 0) raw.unshift(early)
  const secured: SessionSocket = startTls(raw, profile)
  attachClient(session, secured)
  const ownMs = session.host.clock.monotonicMs() + handshakeMs
  session.enter('tls_handshake', { untilMs: Math.min(ownMs, untilMs ?? ownMs) })
  secured.on('secure', onSecure)
}

function onSecure(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session === undefined || session.state !== 'tls_handshake') return
  // The profile of this handshake: a reload may have brought another since.
  const tls = session.setup?.tls
  const problem = tls === undefined ? 'no profile' : verifyProblem(this, tls.profile)
  if (problem !== undefined) {
    session.write('info', `client SSL certificate verify error: ${problem}`)
    this.destroy()
    return
  }
  session.touch()
  tls?.onSecured(session)
}

function profileOf(session: Session): TlsProfile | undefined {
  try {
    return session.host.tls.profileOf(session.engineSession.plan)
  } catch (error) {
    if (!PosternError.is(error)) throw error
    session.write('error', `TLS is not usable: ${error.message}`)
    return undefined
  }
}
