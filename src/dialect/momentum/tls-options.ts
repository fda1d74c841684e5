// The options about TLS with clients. Those that the manual does not have are nginx's directives in
// Momentum's style.

import { parseTlsFlags, tlsFlagNames } from '../../policy/tls-flags.ts'
import type { FileListValue } from '../../policy/options.ts'
import { integer, seconds } from './numbers.ts'
import { works } from './option-spec.ts'
import type { OptionSpec } from './option-spec.ts'
import { tlsProtocols } from './tls-protocols.ts'
import {
  choice,
  flag,
  pathOrNone,
  plainText,
  readWord,
  scalarType,
  textType,
  wrongForm,
} from './values.ts'
import type { ValueType } from './values.ts'

const scopes = 'E S I O L W WG P'
const globalToo = `G ${scopes}`

/** One path, or several in a list; `none` cancels those of an outer scope. */
const paths: ValueType<FileListValue> = {
  title: 'a path, a list of paths or none',
  example: '"tls/server.pem"',
  read(statement, report) {
    if (statement.kind === 'dictionary') return wrongForm(statement, this.title, report)
    const words = statement.kind === 'scalar' ? [statement.value] : statement.items
    const [only] = words
    if (words.length === 1 && only?.text.toLowerCase() === 'none') return { files: [] }
    const files = words.flatMap((word) => {
      const value = readWord(statement, word, { parse: plainText, report })
      return value === undefined ? [] : [{ value, span: word.span }]
    })
    return files.length === words.length ? { files } : undefined
  },
}

const tlsFlags: ValueType<readonly string[]> = scalarType({
  title: 'OpenSSL options',
  example: '"PrioritizeChaCha,-EncryptThenMac"',
  parse(text) {
    const result = parseTlsFlags(text)
    if ('flags' in result) return { value: result.flags }
    const hint = `it knows ${tlsFlagNames.join(', ')}`
    return { code: 'momentum.bad_value', problem: result.problem, hint }
  },
})

/** Momentum's numbers of this kind have no larger use: a chain of 100 is an attack. */
const depth = integer(0, 100)

const ticketKeys: ValueType<FileListValue> = {
  ...paths,
  title: 'a path or none',
  example: '"tls/ticket.key"',
  read(statement, report) {
    if (statement.kind !== 'scalar') return wrongForm(statement, this.title, report)
    return paths.read(statement, report)
  },
}

const identity: readonly OptionSpec[] = [
  works('Use_SSL', { key: 'useTls', scopes, type: flag }),
  works('TLS_Certificate', { key: 'tlsCertificate', scopes: globalToo, type: paths }),
  works('TLS_Key', { key: 'tlsKey', scopes: globalToo, type: paths }),
  works('TLS_Password_File', { key: 'tlsPasswordFile', scopes: globalToo, type: pathOrNone }),
]

const clients: readonly OptionSpec[] = [
  works('TLS_Client_CA', { key: 'tlsClientCa', scopes: globalToo, type: pathOrNone }),
  works('TLS_Trusted_CA', { key: 'tlsTrustedCa', scopes: globalToo, type: pathOrNone }),
  works('TLS_CRL', { key: 'tlsCrl', scopes: globalToo, type: pathOrNone }),
  works('TLS_Verify_Mode', {
    key: 'tlsVerifyMode',
    scopes,
    type: choice(['none', 'lenient', 'require', 'on', 'optional', 'optional_no_ca']),
  }),
  works('TLS_Verify_Depth', { key: 'tlsVerifyDepth', scopes: globalToo, type: depth }),
]

const handshake: readonly OptionSpec[] = [
  works('TLS_Ciphers', {
    key: 'tlsCiphers',
    scopes: globalToo,
    type: textType('an OpenSSL cipher list', '"HIGH:!aNULL"'),
  }),
  works('TLSv13_Ciphersuites', {
    key: 'tlsCiphersuites',
    scopes: 'G E I O L W WG P',
    type: textType('TLS 1.3 cipher suites', '"TLS_AES_128_GCM_SHA256"'),
  }),
  works('TLS_Prefer_Server_Ciphers', { key: 'tlsPreferServerCiphers', scopes, type: flag }),
  works('TLS_Protocols', { key: 'tlsProtocols', scopes: globalToo, type: tlsProtocols }),
  works('TLS_EC_Curve_Names', {
    key: 'tlsCurves',
    scopes: globalToo,
    type: textType('groups with colons between, or auto', '"X25519:prime256v1"'),
  }),
  works('TLS_DHParams_File', {
    key: 'tlsDhParams',
    scopes: globalToo,
    type: textType('a path or auto', '"tls/dh.pem"'),
  }),
  works('TLS_Signature_Algorithms', {
    key: 'tlsSignatureAlgorithms',
    scopes: globalToo,
    type: textType('signature algorithms with colons between', '"ECDSA+SHA256:RSA+SHA256"'),
  }),
  works('TLS_Options', { key: 'tlsFlags', scopes: globalToo, type: tlsFlags }),
  works('TLS_Allow_Renegotiation', { key: 'tlsAllowRenegotiation', scopes, type: flag }),
]

const sessions: readonly OptionSpec[] = [
  works('TLS_Session_Tickets', { key: 'tlsSessionTickets', scopes: globalToo, type: flag }),
  works('TLS_Session_Ticket_Key', { key: 'tlsTicketKey', scopes: globalToo, type: ticketKeys }),
  works('TLS_Session_Timeout', { key: 'tlsSessionTimeout', scopes: globalToo, type: seconds }),
]

export const tlsOptions: readonly OptionSpec[] = [
  ...identity,
  ...clients,
  ...handshake,
  ...sessions,
]
