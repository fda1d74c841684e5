// Puts TLS over an accepted socket.

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { TlsProfile } from './tls-profile.ts'

/**
 * Wraps a socket. What was unshifted into it is read first. `serverName`: what the client asked for,
 * as far as it was looked at.
 */
export function startTls(
  raw: Socket,
  profile: TlsProfile,
  serverName: string | undefined,
): TLSSocket {
  const { protocolIds } = profile
  const secured = new TLSSocket(raw, {
    isServer: true,
    secureContext: profile.contextFor(serverName),
    requestCert: profile.asksForCertificate,
    // Lets OpenSSL refuse a client without a certificate; one that does not pass, we refuse.
    rejectUnauthorized: profile.verifyMode === 'require',
    // A client that offers protocols, and not this one, gets a fatal alert (RFC 7301).
    ...(protocolIds === undefined ? {} : { ALPNProtocols: [...protocolIds] }),
  })
  // Node's own TLS server listens for this event, too: without it a broken record, or a forbidden
  // renegotiation, after the handshake would be known and left without consequence.
  secured.on('_tlsError', onTlsError)
  if (!profile.allowsRenegotiation) secured.disableRenegotiation()
  return secured
}

function onTlsError(this: TLSSocket, error: Error): void {
  this.destroy(error)
}
