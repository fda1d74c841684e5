// Implicit TLS on an admitted session: the handshake, the client's certificate, then the upstream.

import { PosternError } from '../base/errors.ts'
import { attachClient, detachClient } from './client.ts'
import { sessionKey } from './session-socket.ts'
import type { SessionSocket } from './session-socket.ts'
import type { Session } from './session.ts'
import { startTls, verifyProblem } from './tls.ts'
import type { TlsProfile } from './tls.ts'
import { beginUpstream } from './upstream.ts'

// Two round trips and a slow machine's key exchange take a second or two; 30 s is ten times that,
// and what stalls longer holds a slot for nothing.
const handshakeMs = 30_000

/** Starts the handshake. `early` is what came in one piece with a PROXY header. */
export function beginTls(session: Session, early: Buffer | undefined): void {
  const profile = profileOf(session)
  if (profile === undefined) {
    session.client.destroy()
    return
  }
  const { raw, setup } = session
  if (setup !== undefined) setup.tlsProfile = profile
  detachClient(raw)
  if (early !== undefined && early.length > 0) raw.unshift(early)
  const secured: SessionSocket = startTls(raw, profile)
  attachClient(session, secured)
  session.enter('tls_handshake', { untilMs: session.host.clock.monotonicMs() + handshakeMs })
  secured.on('secure', onSecure)
}

function onSecure(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session === undefined || session.state !== 'tls_handshake') return
  // The profile of this handshake: a reload may have brought another since.
  const profile = session.setup?.tlsProfile
  const problem = profile === undefined ? 'no profile' : verifyProblem(this, profile)
  if (problem !== undefined) {
    session.write('info', `client SSL certificate verify error: ${problem}`)
    this.destroy()
    return
  }
  session.touch()
  beginUpstream(session, undefined)
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
