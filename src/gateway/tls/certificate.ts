// A server's certificates with their keys, read and checked: what does not fit together is said with
// its file and line, not as an error of the TLS library.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Span } from '../../base/diagnostic.ts'
import { PosternError } from '../../base/errors.ts'
import type { FileListValue } from '../../policy/options.ts'
import type { Settings } from '../../policy/plan.ts'
import { certificatesIn, hasPrivateKey, isKeyEncrypted } from './pem.ts'
import { tlsError } from './tls-files.ts'
import type { FileOption, TlsFiles } from './tls-files.ts'
import { tlsOptionName } from './option-names.ts'
import type { Policy } from '../../policy/policy.ts'

/** One certificate of a server, ready for a TLS context. */
export interface ServerCertificate {
  readonly x509: X509Certificate
  /** `rsa`, `ec`, `ed25519`: a client can use some of them. */
  readonly keyType: string
  /** The names it is for, in lower case; one may begin with `*.`. */
  readonly names: readonly string[]
  /** The certificate and what leads to its authority. */
  readonly chain: Buffer
  readonly key: { readonly pem: Buffer; readonly passphrase?: string }
  /** For what is said about it. */
  readonly file: string
  readonly origin: Span
}

/** What reading certificates takes. */
export interface CertificateSource {
  readonly settings: Settings
  readonly files: TlsFiles
  readonly dialect: Policy['dialect']
}

/** All certificates that a scope names, in their order. */
export function readCertificates(source: CertificateSource): readonly ServerCertificate[] {
  const { settings, files, dialect } = source
  const certificates = settings.tlsCertificate?.value.files ?? []
  const keys = settings.tlsKey?.value.files ?? []
  const name = tlsOptionName('tlsCertificate', dialect)
  if (keys.length > 0 && keys.length < certificates.length) {
    const text = `${tlsOptionName('tlsKey', dialect)}: ${keys.length} keys for ${certificates.length} certificates`
    throw tlsError('gateway.tls_invalid', text, { origin: settings.tlsKey?.origin })
  }
  return certificates.map(({ value: file, span }, index) => {
    const option: FileOption = { name, origin: span }
    const chain = files.read(file, option)
    const x509 = certificateOf(chain, file, option)
    return {
      x509,
      keyType: x509.publicKey.asymmetricKeyType ?? 'unknown',
      names: namesOf(x509),
      chain,
      // The certificate's file may hold the key as well (momentum TLS_Certificate).
      key: readKey(source, { certificate: { x509, file, span }, key: keys[index] }),
      file,
      origin: span,
    }
  })
}

function certificateOf(bytes: Buffer, file: string, { name, origin }: FileOption): X509Certificate {
  const [first] = certificatesIn(bytes)
  if (first === undefined) {
    const text = `${name}: "${file}" holds no certificate`
    throw tlsError('gateway.tls_invalid', text, { origin })
  }
  try {
    return new X509Certificate(first)
  } catch (cause) {
    const text = `${name}: the certificate in "${file}" cannot be read (${reasonOf(cause)})`
    throw tlsError('gateway.tls_invalid', text, { origin, cause })
  }
}

type FileEntry = FileListValue['files'][number]

interface KeyWanted {
  readonly certificate: {
    readonly x509: X509Certificate
    readonly file: string
    readonly span: Span
  }
  readonly key: FileEntry | undefined
}

function readKey(
  source: CertificateSource,
  { certificate, key }: KeyWanted,
): ServerCertificate['key'] {
  const option = key === undefined ? 'tlsCertificate' : 'tlsKey'
  const name = tlsOptionName(option, source.dialect)
  const file = key?.value ?? certificate.file
  const origin = key?.span ?? certificate.span
  const pem = source.files.read(file, { name, origin })
  const fail = (problem: string, cause?: unknown): Error =>
    tlsError('gateway.tls_invalid', `${name}: ${problem}`, { origin, cause })
  if (!hasPrivateKey(pem)) throw fail(`"${file}" holds no private key`)
  let opened: { readonly key: KeyObject; readonly passphrase?: string }
  try {
    opened = isKeyEncrypted(pem) ? openKey(pem, source) : { key: createPrivateKey(pem) }
  } catch (cause) {
    // The file of passphrases has an error of its own.
    if (PosternError.is(cause)) throw cause
    throw fail(`the key in "${file}" cannot be read (${reasonOf(cause)})`, cause)
  }
  if (!certificate.x509.checkPrivateKey(opened.key)) {
    throw fail(`the key in "${file}" does not belong to the certificate in "${certificate.file}"`)
  }
  return opened.passphrase === undefined ? { pem } : { pem, passphrase: opened.passphrase }
}

/** Tries every passphrase there is (nginx ssl_password_file). */
function openKey(
  pem: Buffer,
  { settings, files, dialect }: CertificateSource,
): { readonly key: KeyObject; readonly passphrase: string } {
  const path = settings.tlsPasswordFile?.value.path
  const name = tlsOptionName('tlsPasswordFile', dialect)
  if (path === undefined) throw new Error(`it has a passphrase, and no ${name} is set`)
  const lines = files.read(path, { name, origin: settings.tlsPasswordFile?.origin }).toString()
  const passphrases = lines.split(/\r?\n/).filter((line) => line !== '')
  for (const passphrase of passphrases) {
    try {
      return { key: createPrivateKey({ key: pem, passphrase }), passphrase }
    } catch {
      // The next one may be right; which one was tried is nobody's business.
    }
  }
  throw new Error(`none of the ${passphrases.length} passphrases in "${path}" opens it`)
}

/** An OpenSSL error without its routine and file. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const { reason } = cause as Error & { readonly reason?: unknown } // set by Node.js on OpenSSL errors
  return typeof reason === 'string' ? reason : cause.message
}

/** From the alternative names; a certificate without any goes by its common name (RFC 6125). */
function namesOf(x509: X509Certificate): readonly string[] {
  const alternative = (x509.subjectAltName ?? '')
    .split(', ')
    .flatMap((part) => (part.startsWith('DNS:') ? [part.slice('DNS:'.length)] : []))
  const common = x509.subject
    .split('\n')
    .flatMap((part) => (part.startsWith('CN=') ? [part.slice('CN='.length)] : []))
  return (alternative.length > 0 ? alternative : common).map((name) => name.toLowerCase())
}

/** What is wrong with its dates at a time, in words. */
export function dateProblem({ chain }: ServerCertificate, nowMs: number): string | undefined {
  for (const part of certificatesIn(chain)) {
    const { validFrom, validTo, subject } = new X509Certificate(part)
    const who = subject.split('\n').at(-1) ?? ''
    if (Date.parse(validTo) < nowMs) return `the certificate of ${who} has expired (${validTo})`
    if (Date.parse(validFrom) > nowMs) {
      return `the certificate of ${who} is not valid yet (from ${validFrom})`
    }
  }
  return undefined
}
