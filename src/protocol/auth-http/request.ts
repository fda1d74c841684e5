// Builds the request that asks an auth server about a login (freenginx auth_http).

import { assert } from '../../base/assert.ts'
import type { AddressPort } from '../../base/endpoint.ts'
import { escapeCredential, escapeLine, escapeUri } from './escape.ts'

/** What a client may have sent: its bytes, or a text of ours. */
export type AuthText = string | Uint8Array

/** How the client authenticates. LOGIN and USER/PASS are `plain`; `none` is mail without a login. */
export type AuthMethod =
  'plain' | 'apop' | 'cram-md5' | 'external' | 'xoauth2' | 'oauthbearer' | 'none'

export type AuthProtocol = 'imap' | 'pop3' | 'smtp'

/** One `auth_http_header` of the configuration. */
export interface ExtraHeader {
  readonly name: string
  readonly value: string
}

/** What the configuration says about the auth server. */
export interface AuthTarget {
  readonly uri: string
  /** The host without a port; `localhost` for a Unix socket. */
  readonly host: string
  readonly headers: readonly ExtraHeader[]
}

/** What a client certificate said, each part as nginx prints it. Absent or empty: not sent. */
export interface ClientCertificate {
  /** `SUCCESS`, `FAILED:reason` or `NONE`. */
  readonly verify: string
  readonly subject?: string
  readonly issuer?: string
  readonly serial?: string
  /** SHA-1, hexadecimal. */
  readonly fingerprint?: string
  readonly fingerprintSha256?: string
  /** PEM; only with `auth_http_pass_client_cert`. */
  readonly pem?: string
}

export interface AuthTls {
  readonly protocol: string
  readonly cipher: string
  /** Only where client certificates are asked for. */
  readonly certificate?: ClientCertificate
}

/** The whole commands of a client that sends without a login. */
export interface AuthEnvelope {
  readonly helo: AuthText
  readonly from: AuthText
  readonly to: AuthText
}

/** One attempt to log in. */
export interface AuthRequest {
  readonly method: AuthMethod
  readonly user: AuthText
  readonly password: AuthText
  /** The challenge of APOP or CRAM-MD5. */
  readonly salt?: string
  readonly protocol: AuthProtocol
  /** Counts from 1 in a session; a repetition after WAIT is the same attempt. */
  readonly attempt: number
  /** Without a port; `unix:` for a Unix-socket client. */
  readonly clientIp: string
  /** SMTP only: the name found, `[UNAVAILABLE]` or `[TEMPUNAVAIL]`. */
  readonly clientHost?: string
  /** What a PROXY header said, if there was one with addresses. */
  readonly proxy?: { readonly source: AddressPort; readonly destination: AddressPort }
  /** For the method `none`. */
  readonly envelope?: AuthEnvelope
  readonly tls?: AuthTls
}

type Header = readonly [name: string, value: AuthText | undefined]

const lineEnd = Buffer.from('\r\n')

/**
 * The request as bytes. No byte of a client can end a header line: credentials and names are
 * escaped as freenginx does, and control characters everywhere else.
 *
 * @example
 * authRequest({ uri: '/auth', host: 'localhost', headers: [] }, attempt)
 */
export function authRequest(target: AuthTarget, request: AuthRequest): Buffer {
  assert(Number.isInteger(request.attempt) && request.attempt >= 1, 'attempts count from 1')
  const lines = headersOf(target, request).flatMap(headerLine)
  const head = ['GET ', escapeUri(target.uri), ' HTTP/1.0\r\nHost: ', escapeLine(target.host)]
  return Buffer.concat([...head.map(bytesOf), lineEnd, ...lines, lineEnd])
}

/**
 * The same as names and values in turn, for a library that writes the request itself. Every value
 * is of printable characters: a library may refuse others, and a client chooses them.
 */
export function authRequestHeaders(target: AuthTarget, request: AuthRequest): readonly string[] {
  const host: Header = ['Host', target.host]
  return [host, ...headersOf(target, request)].flatMap(([name, value]) => {
    return value === undefined ? [] : [latin1(name), latin1(value)]
  })
}

function latin1(text: AuthText): string {
  return escapeLine(text).toString('latin1').replaceAll('\u007F', '%7F')
}

function headersOf(target: AuthTarget, request: AuthRequest): Header[] {
  return [
    ...loginHeaders(request),
    ...clientHeaders(request),
    ...envelopeHeaders(request),
    ...tlsHeaders(request.tls),
    ...target.headers.map(({ name, value }): Header => [name, value]),
  ]
}

function loginHeaders(request: AuthRequest): Header[] {
  const { method, salt } = request
  return [
    ['Auth-Method', method],
    ['Auth-User', escapeCredential(request.user)],
    ['Auth-Pass', escapeCredential(request.password)],
    ['Auth-Salt', method === 'plain' || salt === '' ? undefined : salt],
    ['Auth-Protocol', request.protocol],
    ['Auth-Login-Attempt', String(request.attempt)],
  ]
}

function clientHeaders({ clientIp, clientHost, proxy }: AuthRequest): Header[] {
  const host = clientHost === undefined || clientHost === '' ? undefined : clientHost
  return [
    ['Client-IP', clientIp],
    ['Client-Host', host === undefined ? undefined : escapeCredential(host)],
    ['Proxy-Protocol-Addr', proxy?.source.address],
    ['Proxy-Protocol-Port', numberText(proxy?.source.port)],
    ['Proxy-Protocol-Server-Addr', proxy?.destination.address],
    ['Proxy-Protocol-Server-Port', numberText(proxy?.destination.port)],
  ]
}

/** Sent only without a login: after a failed AUTH nothing of it may stay (CVE-2025-53859). */
function envelopeHeaders({ method, envelope }: AuthRequest): Header[] {
  if (method !== 'none') return []
  return [
    ['Auth-SMTP-Helo', envelope?.helo ?? ''],
    ['Auth-SMTP-From', envelope?.from ?? ''],
    ['Auth-SMTP-To', envelope?.to ?? ''],
  ]
}

function tlsHeaders(tls: AuthTls | undefined): Header[] {
  if (tls === undefined) return []
  const { protocol, cipher, certificate } = tls
  const pem = certificate?.pem
  const optional: Header[] = [
    ['Auth-SSL-Protocol', protocol],
    ['Auth-SSL-Cipher', cipher],
    ['Auth-SSL-Verify', certificate?.verify],
    ['Auth-SSL-Subject', certificate?.subject],
    ['Auth-SSL-Issuer', certificate?.issuer],
    ['Auth-SSL-Serial', certificate?.serial],
    ['Auth-SSL-Fingerprint', certificate?.fingerprint],
    ['Auth-SSL-Fingerprint-SHA256', certificate?.fingerprintSha256],
    ['Auth-SSL-Cert', pem === undefined ? undefined : escapeCredential(pem)],
  ]
  return [['Auth-SSL', 'on'], ...optional.filter(([, value]) => value !== '')]
}

function numberText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}

function headerLine([name, value]: Header): Buffer[] {
  if (value === undefined) return []
  return [escapeLine(`${name}: `), escapeLine(value), lineEnd]
}

function bytesOf(text: AuthText): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text)
}
