// The options of a TLS context that do not depend on the certificate: authorities, ciphers, groups,
// versions, tickets. Each comes with the option it was made of, so that the TLS library's refusal
// can be put down to the right line.

import { constants, hkdfSync } from 'node:crypto'
import { DEFAULT_CIPHERS } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import type { Span } from '../../base/diagnostic.ts'
import { tlsVersions } from '../../policy/options.ts'
import type { PathValue, TlsVersion } from '../../policy/options.ts'
import type { Effective, Settings } from '../../policy/plan.ts'
import type { CertificateSource } from './certificate.ts'
import { certificatesIn, hasDhParameters, revocationListsIn } from './pem.ts'
import { tlsOptionName } from './option-names.ts'
import { tlsError } from './tls-files.ts'

/** Some options of a context, and what the operator wrote to have them. */
export interface ContextPart {
  readonly name: string
  readonly origin: Span | undefined
  readonly options: SecureContextOptions
}

export function contextParts(source: CertificateSource): readonly ContextPart[] {
  return [
    ...authorities(source),
    ...revocations(source),
    ...ciphers(source),
    ...keyExchange(source),
    ...tickets(source),
    { name: '', origin: undefined, options: { ...versions(source.settings) } },
  ]
}

/** Switches of the library, all in one number. */
export function secureOptionsOf(settings: Settings, isResumable: boolean): number {
  const flags = settings.tlsFlags?.value ?? []
  const wanted = settings.tlsProtocols?.value
  return [
    ...flags.map((flag) => flagBits[flag] ?? 0),
    ...(settings.tlsPreferServerCiphers?.value === true
      ? [constants.SSL_OP_CIPHER_SERVER_PREFERENCE]
      : []),
    ...(isResumable ? [] : [constants.SSL_OP_NO_TICKET]),
    ...(wanted === undefined ? [] : [otherVersions(wanted)]),
  ].reduce((all, bits) => all | bits, 0)
}

/** Node.js takes a range; what is missing inside it is switched off. */
export function otherVersions(wanted: readonly TlsVersion[]): number {
  const others = tlsVersions.filter((each) => !wanted.includes(each))
  return others.reduce((all, each) => all | versionBits[each], 0)
}

const versionBits: { readonly [K in TlsVersion]: number } = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
}

/** By the names of policy/tls-flags.ts. */
const flagBits: Readonly<Record<string, number>> = {
  AllowNoDHEKEX: constants.SSL_OP_ALLOW_NO_DHE_KEX,
  Bugs: constants.SSL_OP_ALL,
  '-Compression': constants.SSL_OP_NO_COMPRESSION,
  '-EmptyFragments': constants.SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS,
  '-EncryptThenMac': constants.SSL_OP_NO_ENCRYPT_THEN_MAC,
  NoRenegotiation: constants.SSL_OP_NO_RENEGOTIATION,
  NoResumptionOnRenegotiation: constants.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION,
  PrioritizeChaCha: constants.SSL_OP_PRIORITIZE_CHACHA,
  ServerPreference: constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
  '-SessionTicket': constants.SSL_OP_NO_TICKET,
  UnsafeLegacyRenegotiation: constants.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION,
}

/** Node.js has one list: all of them are trusted, and all are told to clients. */
function authorities(source: CertificateSource): ContextPart[] {
  const { settings } = source
  const parts = (['tlsClientCa', 'tlsTrustedCa'] as const).flatMap((option) => {
    const setting = settings[option]
    if (setting?.value.path === undefined) return []
    const name = tlsOptionName(option, source.dialect)
    const found = certificatesIn(readPath(source, setting, name))
    if (found.length > 0) return [{ name, origin: setting.origin, found }]
    const text = `${name}: "${setting.value.path}" holds no certificate`
    throw tlsError('gateway.tls_invalid', text, { origin: setting.origin })
  })
  const [first] = parts
  if (first === undefined) {
    // Without this Node.js would trust every public authority to name clients.
    const isAskedInVain = settings.tlsVerifyMode.value === 'optional_no_ca'
    return isAskedInVain ? [{ name: '', origin: undefined, options: { ca: [] } }] : []
  }
  const ca = parts.flatMap(({ found }) => found)
  return [{ name: first.name, origin: first.origin, options: { ca } }]
}

function revocations(source: CertificateSource): ContextPart[] {
  const setting = source.settings.tlsCrl
  if (setting?.value.path === undefined) return []
  const name = tlsOptionName('tlsCrl', source.dialect)
  const crl = revocationListsIn(readPath(source, setting, name))
  if (crl.length > 0) return [{ name, origin: setting.origin, options: { crl: [...crl] } }]
  const text = `${name}: "${setting.value.path}" holds no list of revoked certificates (X509 CRL)`
  throw tlsError('gateway.tls_invalid', text, { origin: setting.origin })
}

/** Node takes both lists as one, and an absent kind as "none of these": absent is the default here. */
function ciphers({ settings, dialect }: CertificateSource): ContextPart[] {
  const { tlsCiphers, tlsCiphersuites } = settings
  if (tlsCiphers === undefined && tlsCiphersuites === undefined) return []
  const all = DEFAULT_CIPHERS.split(':')
  const suites = tlsCiphersuites?.value ?? all.filter(isSuite).join(':')
  const older = tlsCiphers?.value ?? all.filter((name) => !isSuite(name)).join(':')
  const option = tlsCiphers === undefined ? 'tlsCiphersuites' : 'tlsCiphers'
  const name = tlsOptionName(option, dialect)
  const origin = settings[option]?.origin
  return [{ name, origin, options: { ciphers: `${suites}:${older}` } }]
}

function isSuite(name: string): boolean {
  return name.startsWith('TLS_')
}

function keyExchange(source: CertificateSource): ContextPart[] {
  const { tlsCurves, tlsDhParams, tlsSignatureAlgorithms } = source.settings
  const partOf = (
    option: 'tlsCurves' | 'tlsDhParams' | 'tlsSignatureAlgorithms',
    options: (value: string, name: string) => SecureContextOptions,
  ): ContextPart[] => {
    const setting = source.settings[option]
    if (setting === undefined) return []
    const name = tlsOptionName(option, source.dialect)
    return [{ name, origin: setting.origin, options: options(setting.value, name) }]
  }
  return [
    ...(tlsCurves === undefined ? [] : partOf('tlsCurves', (ecdhCurve) => ({ ecdhCurve }))),
    ...(tlsDhParams === undefined
      ? []
      : partOf('tlsDhParams', (path, name) => ({ dhparam: dhParams(source, { path, name }) }))),
    ...(tlsSignatureAlgorithms === undefined
      ? []
      : partOf('tlsSignatureAlgorithms', (sigalgs) => ({ sigalgs }))),
  ]
}

function dhParams(
  { settings, files }: CertificateSource,
  { path, name }: { readonly path: string; readonly name: string },
): 'auto' | Buffer {
  if (path === 'auto') return 'auto'
  const origin = settings.tlsDhParams?.origin
  const bytes = files.read(path, { name, origin })
  if (hasDhParameters(bytes)) return bytes
  throw tlsError('gateway.tls_invalid', `${name}: "${path}" holds no DH PARAMETERS`, { origin })
}

/** What tickets are sealed with, and how long they are good for. */
function tickets(source: CertificateSource): ContextPart[] {
  const { tlsSessionTimeout, tlsTicketKey } = source.settings
  const parts: ContextPart[] = []
  if (tlsSessionTimeout?.value.ms !== undefined) {
    const sessionTimeout = Math.max(1, Math.round(tlsSessionTimeout.value.ms / 1000))
    parts.push({ name: '', origin: tlsSessionTimeout.origin, options: { sessionTimeout } })
  }
  const [first] = tlsTicketKey?.value.files ?? []
  if (first === undefined) return parts
  const name = tlsOptionName('tlsTicketKey', source.dialect)
  const ticketKeys = ticketKeysOf(source.files.read(first.value, { name, origin: first.span }))
  if (ticketKeys === undefined) {
    const text = `${name}: "${first.value}" must be 48 or 80 bytes`
    throw tlsError('gateway.tls_invalid', text, { origin: first.span })
  }
  return [...parts, { name, origin: first.span, options: { ticketKeys } }]
}

/**
 * nginx's 48 bytes are a name, a key for AES-128 and one for the HMAC; Node.js has the last two the
 * other way round, so that tickets are good at both. Its 80 bytes are for AES-256, which Node.js
 * does not do: they become a key of ours, the same for every Postern that has the file.
 */
export function ticketKeysOf(file: Buffer): Buffer | undefined {
  if (file.length === 48) {
    return Buffer.concat([file.subarray(0, 16), file.subarray(32), file.subarray(16, 32)])
  }
  if (file.length !== 80) return undefined
  const derived = hkdfSync('sha256', file.subarray(16), file.subarray(0, 16), 'postern ticket', 32)
  return Buffer.concat([file.subarray(0, 16), Buffer.from(derived)])
}

function versions(settings: Settings): SecureContextOptions {
  const wanted = settings.tlsProtocols?.value
  const minVersion = wanted?.[0]
  const maxVersion = wanted?.at(-1)
  return minVersion === undefined || maxVersion === undefined ? {} : { minVersion, maxVersion }
}

function readPath(
  source: CertificateSource,
  { value, origin }: Effective<PathValue>,
  name: string,
): Buffer {
  return source.files.read(value.path ?? '', { name, origin })
}
