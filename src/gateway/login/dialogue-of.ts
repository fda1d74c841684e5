// The dialogues of one session's login: with its client, and with the upstream it is sent to.

import { randomBytes } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { parseAddress } from '../../base/address.ts'
import type { AddressPort } from '../../base/endpoint.ts'
import type { ClientDialogue, DialogueOptions } from '../../protocol/dialogue/dialogue.ts'
import { safeText } from '../../protocol/dialogue/safe-text.ts'
import { createImapDialogue } from '../../protocol/imap/imap-dialogue.ts'
import { createPop3Dialogue } from '../../protocol/pop3/pop3-dialogue.ts'
import { createSubmissionDialogue } from '../../protocol/smtp/submission.ts'
import type { ClientIdentity } from '../../protocol/smtp/xclient.ts'
import { imapLogin } from '../../protocol/upstream/imap-login.ts'
import type { ImapIdentity } from '../../protocol/upstream/imap-login.ts'
import type { LoginCredentials, UpstreamLogin } from '../../protocol/upstream/login.ts'
import { pop3Login } from '../../protocol/upstream/pop3-login.ts'
import { smtpLogin } from '../../protocol/upstream/smtp-login.ts'
import type { SmtpLoginOptions } from '../../protocol/upstream/smtp-login.ts'
import type { LoginService } from '../../policy/login.ts'
import type { Plan, Settings } from '../../policy/plan.ts'
import type { Session } from '../session.ts'
import { clientNameOf, isUnixClient, loginBytes, passwordOf } from './auth-question.ts'
import type { Attempt } from './auth-question.ts'
import type { LoginAccept } from './authenticator.ts'
import { greetingOf, loginOption, offerOf, serverNameOf, starttlsOf } from './login-settings.ts'

export function clientDialogueOf(
  session: Session,
  plan: Plan,
  service: LoginService,
): ClientDialogue {
  const { settings } = plan
  const greeting = service === 'smtp' ? greetingOf(settings) : undefined
  const options: DialogueOptions = {
    serverName: serverNameOf(settings),
    ...(greeting === undefined ? {} : { greeting: safeText(greeting) }),
    ...offerOf(settings, service),
    starttls: starttlsOf(plan),
    isTls: session.client instanceof TLSSocket,
    errorsMax: loginOption(settings, 'maxErrors'),
    commandsMax: loginOption(settings, 'maxCommands'),
    bufferBytes: loginOption(settings, 'clientBufferBytes'),
    clock: session.host.clock,
    randomBytes,
  }
  switch (service) {
    case 'imap':
      return createImapDialogue(options)
    case 'pop3':
      return createPop3Dialogue(options)
    case 'smtp': {
      const hasGreetingDelay = loginOption(settings, 'smtpGreetingDelay').ms !== undefined
      return createSubmissionDialogue({ ...options, hasGreetingDelay })
    }
  }
}

/** True when the upstream needs a password that the client's method does not give. */
export function needsPassword({ credentials, details }: Attempt, settings: Settings): boolean {
  if (credentials.method === 'none' || passwordOf(credentials) !== undefined) return false
  return details.service !== 'smtp' || loginOption(settings, 'proxySmtpAuth')
}

/** Undefined when a password is missing that the auth server should have sent. */
export function upstreamLoginOf(
  session: Session,
  settings: Settings,
  {
    attempt,
    answer,
  }: { readonly attempt: Attempt; readonly answer: Pick<LoginAccept, 'user' | 'password'> },
): UpstreamLogin | undefined {
  const { details, credentials } = attempt
  const user = answer.user ?? loginBytes(credentials)
  const password = answer.password ?? passwordOf(credentials)
  const isPasswordForeign = answer.password !== undefined
  const full: LoginCredentials | undefined =
    password === undefined ? undefined : { user, password, isPasswordForeign }
  const bounds = {
    passErrors: loginOption(settings, 'proxyPassErrorMessage'),
    replyMaxBytes: settings.proxyBufferBytes?.value,
  }
  switch (details.service) {
    case 'imap':
      if (full === undefined) return undefined
      return imapLogin({
        tag: details.tag,
        credentials: full,
        ...bounds,
        ...(settings.upstreamImapId.value ? { id: imapIdentityOf(session) } : {}),
      })
    case 'pop3':
      if (full === undefined) return undefined
      return pop3Login({ credentials: full, ...bounds, ...xclientOf(session, settings) })
    case 'smtp': {
      const isTried = settings.authenticator?.value.kind === 'upstream'
      const isAuthed =
        credentials.method !== 'none' && (isTried || loginOption(settings, 'proxySmtpAuth'))
      return smtpLogin({
        serverName: serverNameOf(settings),
        isEsmtp: details.isEsmtp,
        ...(details.helo === undefined ? {} : { helo: details.helo }),
        login: user,
        ...(isAuthed ? { auth: full ?? { user } } : {}),
        ...xclientOf(session, settings),
        ...(credentials.method === 'none' && details.mailFrom !== undefined
          ? { envelope: { from: details.mailFrom, to: details.rcptTo ?? Buffer.alloc(0) } }
          : {}),
        ...bounds,
      })
    }
  }
}

function xclientOf(session: Session, settings: Settings): Pick<SmtpLoginOptions, 'xclient'> {
  const mode = settings.upstreamXclient.value
  if (mode === 'no') return {}
  return { xclient: { mode, client: identityOf(session), name: clientNameOf(session) } }
}

function imapIdentityOf(session: Session): ImapIdentity {
  const connected = connectedOf(session)
  return { client: identityOf(session), ...(connected === undefined ? {} : { connected }) }
}

/** Where the client connected to: what a PROXY header in front of us says, or the socket. */
function connectedOf({ header, raw }: Session): AddressPort | undefined {
  if (header?.destination !== undefined) return header.destination
  const local = parseAddress(raw.localAddress ?? '')
  if (local === undefined || raw.localPort === undefined) return undefined
  return { address: local.text, port: raw.localPort }
}

function identityOf(session: Session): ClientIdentity {
  if (isUnixClient(session)) return {}
  const port = session.header?.source?.port ?? session.raw.remotePort
  return { address: session.address, ...(port === undefined ? {} : { port }) }
}
