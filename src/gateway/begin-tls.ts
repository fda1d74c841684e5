// TLS on an admitted session, from its start or after STARTTLS: the name the client asks for, the
// handshake, the client's certificate, then on to its login or its upstream.

import { PosternError } from '../base/errors.ts'
import { certificateText } from '../protocol/dialogue/last-words.ts'
import { ClientHelloReader } from '../protocol/tls/client-hello.ts'
import { attachClient, useSocket } from './client.ts'
import { sayGoodbye } from './closing.ts'
import { sessionKey } from './session-socket.ts'
import type { SessionSocket } from './session-socket.ts'
import type { Session } from './session.ts'
import { certificateRefusal } from './tls/client-certificate.ts'
import type { CertificateRefusal } from './tls/client-certificate.ts'
import { startTls } from './tls/start-tls.ts'
import type { TlsProfile } from './tls/tls-profile.ts'

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

/** Starts the handshake, as soon as it is known which certificate to show. */
export function beginTls(session: Session, { early, untilMs, onSecured }: TlsBeginning): void {
  const profile = profileOf(session)
  if (profile === undefined) {
    session.client.destroy()
    return
  }
  const { setup } = session
  if (setup !== undefined) setup.tls = { profile, onSecured }
  const ownMs = session.host.clock.monotonicMs() + handshakeMs
  session.enter('tls_handshake', { untilMs: Math.min(ownMs, untilMs ?? ownMs) })
  if (profile.choosesByName) awaitHello(session, profile, early)
  else secure(session, { profile, early })
}

/** Reads until the client has said which name it wants; the TLS library reads it all again. */
function awaitHello(session: Session, profile: TlsProfile, early: Buffer | undefined): void {
  const reader = new ClientHelloReader()
  session.receive = (_session, chunk) => {
    const hello = reader.push(chunk)
    if (hello === undefined) return
    session.receive = undefined
    secure(session, { profile, early: reader.bytes(), serverName: hello.serverName })
  }
  if (early !== undefined && early.length > 0) session.receive(session, early)
  if (session.client === session.raw) session.raw.resume()
}

interface Securing {
  readonly profile: TlsProfile
  readonly early: Buffer | undefined
  readonly serverName?: string | undefined
}

function secure(session: Session, { profile, early, serverName }: Securing): void {
  const raw = useSocket(session)
  if (raw === undefined) return
  if (early !== undefined && early.length > 0) raw.unshift(early)
  const secured: SessionSocket = startTls(raw, profile, serverName)
  attachClient(session, secured)
  secured.on('secure', onSecure)
}

function onSecure(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session === undefined || session.state !== 'tls_handshake') return
  // The profile of this handshake: a reload may have brought another since.
  const tls = session.setup?.tls
  if (tls === undefined) {
    this.destroy()
    return
  }
  const refusal = certificateRefusal(this, tls.profile)
  session.touch()
  if (refusal === undefined) tls.onSecured(session)
  else turnAway(session, refusal)
}

/** The words of nginx's ssl module, inside TLS. */
function turnAway(session: Session, { problem, logText, isTold }: CertificateRefusal): void {
  session.write('info', `${logText} while ${session.handshakeAction}`)
  const { service } = session
  const isSilent = !isTold || service === 'ecstream'
  sayGoodbye(session, isSilent ? undefined : Buffer.from(certificateText(service, problem)))
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
