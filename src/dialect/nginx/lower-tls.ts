// The ssl directives of one server as the policy's TLS options.

import { isAbsolute, join } from 'node:path'
import type { FileListValue, TlsVerifyMode } from '../../policy/options.ts'
import type { CheckedDirective } from './checked.ts'
import { put, spanOf } from './draft.ts'
import { lowerProtocols } from './lower-protocols.ts'
import { lowerDuration, lowerFlag, lowerNumber, lowerText } from './lower-values.ts'
import type { Place } from './lower-values.ts'
import { parseTlsFlags } from '../../policy/tls-flags.ts'

/** nginx's, where nothing is written. */
const defaultCiphers = 'HIGH:!aNULL:!MD5'
const defaultDepth = 1

/** For a server that speaks TLS somewhere. */
export function lowerTls(place: Place): void {
  const certificate = lowerFiles(place, 'ssl_certificate', 'tlsCertificate')
  lowerFiles(place, 'ssl_certificate_key', 'tlsKey')
  lowerPath(place, 'ssl_password_file', 'tlsPasswordFile')
  if (certificate !== undefined) {
    const span = spanOf(certificate)
    // nginx lets no client renegotiate.
    put(place.draft, 'tlsAllowRenegotiation', false, span)
    put(place.draft, 'tlsCiphers', defaultCiphers, span)
  }
  lowerVerify(place)
  lowerText(place, 'ssl_ciphers', 'tlsCiphers')
  // As ssl_ecdh_curve has it: what the library takes by itself.
  if (place.draft.tlsCiphers?.value === 'auto') delete place.draft.tlsCiphers
  lowerFlag(place, 'ssl_renegotiation', 'tlsAllowRenegotiation')
  lowerFlag(place, 'ssl_prefer_server_ciphers', 'tlsPreferServerCiphers')
  lowerText(place, 'ssl_ecdh_curve', 'tlsCurves')
  lowerDhParams(place)
  lowerFlag(place, 'ssl_session_tickets', 'tlsSessionTickets')
  lowerFiles(place, 'ssl_session_ticket_key', 'tlsTicketKey')
  lowerDuration(place, 'ssl_session_timeout', 'tlsSessionTimeout')
  warnOfOtherTicketKeys(place)
  const commands = place.view.all('ssl_conf_command')
  for (const command of commands) lowerCommand(place, command)
  lowerProtocols(place, commands)
}

function lowerFiles(
  place: Place,
  name: string,
  option: 'tlsCertificate' | 'tlsKey' | 'tlsTicketKey',
): CheckedDirective | undefined {
  const found = place.view.all(name)
  const [first] = found
  if (first === undefined) return undefined
  const value: FileListValue = {
    files: found.flatMap((each) =>
      each.value.kind === 'text'
        ? [{ value: resolved(place, each.value.text), span: spanOf(each) }]
        : [],
    ),
  }
  put(place.draft, option, value, spanOf(first))
  return first
}

function lowerPath(
  place: Place,
  name: string,
  option: 'tlsPasswordFile' | 'tlsClientCa' | 'tlsTrustedCa' | 'tlsCrl',
): CheckedDirective | undefined {
  const found = place.view.last(name)
  if (found?.value.kind !== 'text') return undefined
  put(place.draft, option, { path: resolved(place, found.value.text) }, spanOf(found))
  return found
}

/** As nginx does: against the directory of the main file. */
export function resolved({ lowering }: Place, path: string): string {
  return isAbsolute(path) ? path : join(lowering.directory, path)
}

function lowerDhParams(place: Place): void {
  const found = place.view.last('ssl_dhparam')
  if (found?.value.kind !== 'text') return
  const { text } = found.value
  put(place.draft, 'tlsDhParams', text === 'auto' ? text : resolved(place, text), spanOf(found))
}

const modes: ReadonlyMap<string, TlsVerifyMode> = new Map([
  ['on', 'on'],
  ['optional', 'optional'],
  ['optional_no_ca', 'optional_no_ca'],
  // Momentum's.
  ['require', 'require'],
  ['lenient', 'lenient'],
])

function lowerVerify(place: Place): void {
  const { view, draft } = place
  const verify = view.last('ssl_verify_client')
  const choice = verify?.value.kind === 'choice' ? verify.value.choice : 'off'
  const mode = modes.get(choice) ?? 'none'
  const authority = lowerPath(place, 'ssl_client_certificate', 'tlsClientCa')
  const trusted = lowerPath(place, 'ssl_trusted_certificate', 'tlsTrustedCa')
  lowerPath(place, 'ssl_crl', 'tlsCrl')
  const source = verify ?? authority ?? trusted
  if (source === undefined) return
  put(draft, 'tlsVerifyMode', mode, spanOf(source))
  if (mode === 'none') return
  put(draft, 'tlsVerifyDepth', defaultDepth, spanOf(source))
  lowerNumber(place, 'ssl_verify_depth', 'tlsVerifyDepth')
  if (trusted !== undefined) warnOfTrusted(place, trusted)
}

/** OpenSSL has two lists, and Node.js fills them as one. */
function warnOfTrusted({ lowering }: Place, trusted: CheckedDirective): void {
  lowering.report.warn({
    code: 'nginx.differs',
    message:
      'the authorities of "ssl_trusted_certificate" are trusted, and told to clients as well',
    span: spanOf(trusted),
    hint: 'Node.js has one list of authorities; nginx would keep these to itself',
  })
}

/** Tickets of an earlier key are not opened: their clients do a whole handshake. */
function warnOfOtherTicketKeys({ view, lowering }: Place): void {
  for (const other of view.find('ssl_session_ticket_key').slice(1)) {
    lowering.report.warn({
      code: 'nginx.differs',
      message: 'tickets are sealed and opened with the first "ssl_session_ticket_key" alone',
      span: spanOf(other),
      hint: 'Node.js takes one key; a client with a ticket of another does a whole handshake',
    })
  }
}

function lowerCommand(place: Place, command: CheckedDirective): void {
  const { draft } = place
  const { value } = command
  if (value.kind !== 'texts') return
  const [name, text = ''] = value.texts
  const span = spanOf(command)
  switch (name) {
    case 'Ciphersuites':
      put(draft, 'tlsCiphersuites', text, span)
      return
    case 'CipherString':
      put(draft, 'tlsCiphers', text, span)
      return
    case 'Curves':
    case 'Groups':
      put(draft, 'tlsCurves', text, span)
      return
    case 'DHParameters':
      put(draft, 'tlsDhParams', resolved(place, text), span)
      return
    case 'SignatureAlgorithms':
      put(draft, 'tlsSignatureAlgorithms', text, span)
      return
    case 'Options': {
      const result = parseTlsFlags(text)
      const before = draft.tlsFlags?.value ?? []
      if ('flags' in result) put(draft, 'tlsFlags', [...before, ...result.flags], span)
      return
    }
    default:
      // The protocols are settled together with ssl_protocols.
      return
  }
}
