// From one `server` to one Listener, with every value that holds for it, inherited ones included.

import type { Listener } from '../../policy/policy.ts'
import { BlockView } from './block-view.ts'
import type { CheckedDirective } from './checked.ts'
import { put, spanOf } from './draft.ts'
import type { Lowering, OptionsDraft, ServerKind, ServerMode } from './draft.ts'
import { errorLogsOf } from './error-log-value.ts'
import { lowerGate, lowerSmtpGate, lowerTime, lowerXclient } from './lower-gate.ts'
import { listensOf, lowerTrustedProxies } from './lower-listen.ts'
import { peersOf } from './lower-peers.ts'
import { authenticatorDirective, lowerAuthenticator, modeOf } from './lower-authenticator.ts'
import { lowerTls } from './lower-tls.ts'
import { lowerUpstreamTls } from './lower-upstream-tls.ts'
import {
  durationOf,
  lowerCaps,
  lowerDuration,
  lowerFlag,
  lowerGreetingDelay,
  lowerLimits,
  lowerLinger,
  lowerMethods,
  lowerNumber,
  lowerProxyProtocol,
  lowerRate,
  lowerResolver,
  lowerText,
  lowerTexts,
} from './lower-values.ts'
import type { Place } from './lower-values.ts'
import { guessProtocol, protocols } from './protocol.ts'
import type { MailProtocol } from './protocol.ts'

/** nginx's, for a relay: a session that logs in has it as a default of its own. */
const relaySilenceMs = 86_400_000

/** A server that was lowered, and what it is. */
export interface LoweredServer {
  readonly directive: CheckedDirective
  readonly kind: ServerKind
  readonly listener: Listener
}

/** `mail`: the directives around the server. Undefined for a server that nothing could go by. */
export function lowerServer(
  server: CheckedDirective,
  mail: readonly CheckedDirective[],
  lowering: Lowering,
): LoweredServer | undefined {
  const view = new BlockView(server.body, mail, lowering.used)
  const listens = view.own('listen').flatMap((found) => listensOf(found, lowering))
  const service = serviceOf(view)
  const authenticator = authenticatorDirective(view, lowering)
  const mode = modeOf(view, authenticator)
  const [first] = listens
  if (first === undefined || service === undefined || mode === undefined) return undefined
  const draft: OptionsDraft = {}
  const place: Place = { view, draft, lowering }
  const starttls = starttlsOf(place, mode)
  const fronted = view
    .own('listen')
    .find(({ value }) => value.kind === 'listen' && value.isProxyProtocol === true)
  const hasTls = starttls || listens.some(({ options }) => options.useTls?.value === true)
  const kind: ServerKind = { mode, service, hasTls, hasProxyProtocol: fronted !== undefined }

  lowerCaps(place)
  lowerProxyProtocol(place)
  lowerLinger(place)
  lowerRate(place)
  const logs = errorLogsOf(view)
  if (logs !== undefined) put(draft, 'errorLogs', logs.value, logs.span)
  if (service === 'smtp') lowerResolver(place)
  lowerUpstreamTls(place)
  if (hasTls) lowerTls(place)
  if (fronted !== undefined) lowerFronted(place, fronted)
  if (authenticator !== undefined) {
    lowerAuthenticator(place, authenticator)
    lowerLogin(place, server, service)
  } else lowerRelay(place, server, service)

  lowerGate(place)
  if (service === 'smtp') lowerSmtpGate(place, mode)

  const label = `server ${first.id}`
  const isOwn = view.own('peer').length > 0
  const peers = peersOf(view.all('peer'), { kind, outer: draft, label, isOwn }, lowering)
  const span = server.name.span
  const listener: Listener = {
    kind: 'listener',
    label,
    service,
    options: draft,
    span,
    listens,
    peers,
  }
  return { directive: server, kind, listener }
}

function serviceOf(view: BlockView): MailProtocol | undefined {
  const written = view.last('protocol')?.value
  const choice = written?.kind === 'choice' ? written.choice : undefined
  const named = protocols.find((name) => name === choice)
  if (named !== undefined) return named
  const ports = view
    .own('listen')
    .flatMap(({ value }) => (value.kind === 'listen' ? value.addresses.slice(0, 1) : []))
    .flatMap((address) => (address.kind === 'tcp' ? [address.port] : []))
  return ports.map(guessProtocol).find((known) => known !== undefined)
}

/** Whether STARTTLS is offered; a relay passes it on and can neither offer nor demand it. */
function starttlsOf(place: Place, mode: ServerMode): boolean {
  const found = place.view.last('starttls')
  const choice = found?.value.kind === 'choice' ? found.value.choice : 'off'
  if (found === undefined) return false
  if (mode !== 'relay') {
    const value = choice === 'on' || choice === 'only' ? choice : 'off'
    put(place.draft, 'starttls', value, spanOf(found))
    return value !== 'off'
  }
  if (choice !== 'off') {
    place.lowering.report.error({
      code: 'nginx.not_in_this_version',
      message: `"starttls ${choice}" is not in this version of Postern where proxy_pass relays`,
      span: spanOf(found),
      hint: 'leave it out: STARTTLS goes on between the client and the upstream',
    })
  }
  return false
}

/** nginx waits for a PROXY header as long as for a login. */
function lowerFronted(place: Place, listen: CheckedDirective): void {
  lowerTrustedProxies(place, listen)
  const waits = durationOf(place, 'timeout')
  if (waits !== undefined) put(place.draft, 'proxyProtocolTimeout', waits.value, waits.span)
}

function lowerLogin(place: Place, server: CheckedDirective, service: MailProtocol): void {
  lowerText(place, 'server_name', 'serverName')
  lowerDuration(place, 'timeout', 'loginTimeout')
  lowerDuration(place, 'proxy_timeout', 'proxyTimeout')
  lowerNumber(place, 'max_errors', 'maxErrors')
  lowerNumber(place, 'max_commands', 'maxCommands')
  lowerFlag(place, 'proxy_pass_error_message', 'proxyPassErrorMessage')
  lowerNumber(place, 'proxy_buffer', 'proxyBufferBytes')
  lowerLimits(place)
  switch (service) {
    case 'imap':
      lowerNumber(place, 'imap_client_buffer', 'clientBufferBytes')
      lowerTexts(place, 'imap_capabilities', 'imapCapabilities')
      lowerMethods(place, 'imap_auth', 'imapAuth')
      lowerFlag(place, 'proxy_imap_id', 'upstreamImapId')
      return
    case 'pop3':
      lowerTexts(place, 'pop3_capabilities', 'pop3Capabilities')
      lowerMethods(place, 'pop3_auth', 'pop3Auth')
      // Dovecot offers it to those alone whom it trusts.
      lowerXclient(place, server.name.span)
      return
    case 'smtp':
      lowerNumber(place, 'smtp_client_buffer', 'clientBufferBytes')
      lowerTexts(place, 'smtp_capabilities', 'smtpCapabilities')
      lowerMethods(place, 'smtp_auth', 'smtpAuth')
      lowerGreetingDelay(place)
      if (place.draft.authenticator?.value.kind !== 'upstream') {
        lowerFlag(place, 'proxy_smtp_auth', 'proxySmtpAuth')
      }
      // On by default, but only where the upstream is known to expect it.
      lowerXclient(place, server.name.span)
      return
    case 'ecstream':
      // Its clients do not log in.
      return
  }
}

function lowerRelay(place: Place, server: CheckedDirective, service: MailProtocol): void {
  const { view, draft } = place
  const pass = view.last('proxy_pass')
  if (pass?.value.kind === 'addresses') put(draft, 'upstream', pass.value.addresses, spanOf(pass))
  const { span } = server.name
  put(draft, 'idle', { ms: relaySilenceMs }, span)
  lowerDuration(place, 'proxy_timeout', 'idle')
  // A relay adds nothing to the dialogue unless it is told to.
  const isWritten = view.find('xclient').length > 0
  if (service === 'smtp' && isWritten) lowerXclient(place, server.name.span)
  if (service === 'ecstream') lowerTime(place, 'ecstream_idle_time', 'ecstreamIdle')
}
