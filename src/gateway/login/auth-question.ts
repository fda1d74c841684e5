// What the auth server is told about a client that logs in, and what its answer means for us.

import { TLSSocket } from 'node:tls'
import type { AuthMethod, AuthRequest, AuthTls } from '../../protocol/auth-http/request.ts'
import type { DialogueDetails, DialogueEvent } from '../../protocol/dialogue/dialogue.ts'
import type { Credentials } from '../../protocol/sasl/credentials.ts'
import { clientNameText } from '../../protocol/smtp/client-name.ts'
import type { ClientName } from '../../protocol/smtp/client-name.ts'
import type { AuthFacts } from '../../engine/auth-facts.ts'
import type { Session } from '../session.ts'
import { clientCertificateFacts } from '../tls/client-certificate.ts'
import { loginOption } from './login-settings.ts'
import type { LoginAccept } from './authenticator.ts'

/** One attempt of a client to log in. */
export type Attempt = Extract<DialogueEvent, { readonly kind: 'credentials' }>

const nobody = Buffer.alloc(0)

export function authRequestOf(session: Session, attempt: Attempt): AuthRequest {
  const { credentials, details, salt } = attempt
  const { header } = session
  const tls = tlsOf(session)
  return {
    method: credentials.method satisfies AuthMethod,
    user: loginBytes(credentials),
    password: proofOf(credentials),
    ...(salt === undefined ? {} : { salt }),
    protocol: details.service,
    attempt: attempt.attempt,
    clientIp: isUnixClient(session) ? 'unix:' : session.address.text,
    ...(details.service === 'smtp' ? { clientHost: clientNameText(clientNameOf(session)) } : {}),
    ...(header?.source === undefined || header.destination === undefined
      ? {}
      : { proxy: { source: header.source, destination: header.destination } }),
    ...envelopeOf(details),
    ...(tls === undefined ? {} : { tls }),
  }
}

/** It came through a Unix socket, and no PROXY header named an address. */
export function isUnixClient(session: Session): boolean {
  const { endpoint } = session.engineSession.plan.listen
  return endpoint.kind === 'unix' && session.header?.source === undefined
}

/** Without a resolver no client has a name. */
export function clientNameOf(session: Session): ClientName {
  return (
    session.setup?.clientName ?? {
      kind: isUnixClient(session) ? 'temporarily_unavailable' : 'unavailable',
    }
  )
}

export function loginBytes(credentials: Credentials): Buffer {
  return credentials.method === 'none' ? nobody : credentials.login
}

/** What stands in Auth-Pass. */
function proofOf(credentials: Credentials): Buffer {
  if (credentials.method === 'apop' || credentials.method === 'cram-md5') {
    return credentials.response
  }
  return passwordOf(credentials) ?? nobody
}

/** What an upstream can be given as a password; a digest is none. */
export function passwordOf(credentials: Credentials): Buffer | undefined {
  switch (credentials.method) {
    case 'plain':
      return credentials.password
    case 'xoauth2':
    case 'oauthbearer':
      return credentials.token
    default:
      return undefined
  }
}

/** What limits may count by. It is kept as long as the session, so no password is in it. */
export function factsOf(
  session: Session,
  login: Buffer | undefined,
  { headers }: LoginAccept,
): AuthFacts {
  const isNamed = login !== undefined && login.length > 0
  return {
    isUnix: isUnixClient(session),
    ...(isNamed ? { user: compact(login) } : {}),
    authHeaders: headers
      .filter(({ name }) => name.toLowerCase() !== 'auth-pass')
      .map(({ name, value }) => ({ name, value: compact(value) })),
  }
}

/** As a text where that says the same: a small Buffer holds on to the pool it was taken from. */
function compact(bytes: Buffer): string | Uint8Array {
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : Uint8Array.from(bytes)
}

function envelopeOf(details: DialogueDetails): Pick<AuthRequest, 'envelope'> {
  if (details.service !== 'smtp' || details.mailFrom === undefined) return {}
  const { helo = nobody, mailFrom: from, rcptTo: to = nobody } = details
  return { envelope: { helo, from, to } }
}

function tlsOf({ client, setup, engineSession }: Session): AuthTls | undefined {
  if (!(client instanceof TLSSocket)) return undefined
  const profile = setup?.tls?.profile
  const passesPem = loginOption(engineSession.plan.settings, 'authHttpPassClientCert')
  const certificate =
    profile === undefined ? undefined : clientCertificateFacts(client, profile, { passesPem })
  return {
    protocol: client.getProtocol() ?? '',
    cipher: client.getCipher().name,
    ...(certificate === undefined ? {} : { certificate }),
  }
}
