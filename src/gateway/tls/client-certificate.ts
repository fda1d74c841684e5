// What a client's certificate is worth, and what of it is told to the auth server.

import { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { PeerCertificate } from 'node:tls'
import type { ClientCertificate } from '../../protocol/auth-http/request.ts'
import type { CertificateProblem } from '../../protocol/dialogue/last-words.ts'
import { distinguishedName } from '../../protocol/tls/distinguished-name.ts'
import { chainTooLong, isUnknownIssuer, verifyErrorOf } from '../../protocol/tls/verify-error.ts'
import type { VerifyError } from '../../protocol/tls/verify-error.ts'
import type { TlsProfile } from './tls-profile.ts'

/** Why a session cannot go on after its handshake. */
export interface CertificateRefusal {
  readonly problem: CertificateProblem
  readonly logText: string
  /** The client is told; otherwise it is just closed. */
  readonly isTold: boolean
}

// OpenSSL itself verifies no chain beyond 100 authorities; more than that is a circle.
const chainMax = 100

/** Undefined: the session goes on. */
export function certificateRefusal(
  secured: unknown,
  profile: TlsProfile,
): CertificateRefusal | undefined {
  const { verifyMode } = profile
  if (verifyMode === 'none' || verifyMode === 'lenient') return undefined
  const isTold = verifyMode !== 'require'
  const isDemanded = verifyMode === 'on' || verifyMode === 'require'
  const shown = secured instanceof TLSSocket ? certificateOf(secured) : undefined
  if (shown === undefined || !(secured instanceof TLSSocket)) {
    const logText = 'client sent no required SSL certificate'
    return isDemanded ? { problem: 'missing', logText, isTold } : undefined
  }
  const error = verifyErrorFor(secured, profile)
  if (error === undefined) return undefined
  if (verifyMode === 'optional_no_ca' && isUnknownIssuer(error)) return undefined
  const logText = `client SSL certificate verify error: (${error.number}:${error.text})`
  return { problem: 'invalid', logText, isTold }
}

/** As nginx says it; undefined where no certificate is asked for. */
export function clientCertificateFacts(
  secured: TLSSocket,
  profile: TlsProfile,
  wanted: { readonly passesPem: boolean },
): ClientCertificate | undefined {
  if (!profile.asksForCertificate) return undefined
  const shown = certificateOf(secured)
  if (shown === undefined) return { verify: 'NONE' }
  const error = verifyErrorFor(secured, profile)
  return {
    verify: error === undefined ? 'SUCCESS' : `FAILED:${error.text}`,
    subject: distinguishedName(shown.subject),
    issuer: distinguishedName(shown.issuer),
    serial: shown.serialNumber,
    fingerprint: plainHex(shown.fingerprint),
    fingerprintSha256: plainHex(shown.fingerprint256),
    ...(wanted.passesPem ? { pem: shown.toString() } : {}),
  }
}

function plainHex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}

/**
 * Not by getPeerX509Certificate, which takes the chain away from whoever asks for it after that
 * (Node.js 20).
 */
function certificateOf(secured: TLSSocket): X509Certificate | undefined {
  const peer: Partial<PeerCertificate> | null = secured.getPeerCertificate(false)
  return peer?.raw === undefined ? undefined : new X509Certificate(peer.raw)
}

/** For a client that has shown a certificate. */
function verifyErrorFor(secured: TLSSocket, { verifyDepth }: TlsProfile): VerifyError | undefined {
  // Node tells `authorized` only of sockets that its own TLS server accepted; the handle knows it
  // of all. Should a future Node hide it, nobody passes.
  const handle: unknown = Reflect.get(secured, '_handle')
  if (!hasVerifyError(handle)) return verifyErrorOf('it cannot be verified')
  const found = handle.verifyError()
  const error = found === null || found === undefined ? undefined : verifyErrorOf(found.message)
  if (error !== undefined && !isUnknownIssuer(error)) return error
  // OpenSSL would have stopped before it came to the root, known or not.
  if (verifyDepth !== undefined && authoritiesBetween(secured) > verifyDepth) return chainTooLong
  return error
}

/** Node.js cannot bound the chain, so it is counted when it has been verified. */
function authoritiesBetween(secured: TLSSocket): number {
  let certificate: PeerCertificate | undefined = secured.getPeerCertificate(true)
  let count = 0
  while (certificate !== undefined && count <= chainMax) {
    const issuer: PeerCertificate | undefined = Reflect.get(certificate, 'issuerCertificate')
    if (issuer === undefined || issuer === certificate) break
    count += 1
    certificate = issuer
  }
  // The root itself does not count.
  return count - 1
}

function hasVerifyError(
  handle: unknown,
): handle is { verifyError: () => Error | null | undefined } {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    typeof Reflect.get(handle, 'verifyError') === 'function'
  )
}
