// The messages of the single-step mechanisms, taken apart after base64.

import type { SaslMechanism } from './auth-method.ts'
import type { Credentials } from './credentials.ts'

/** `wrong` names the part that is, in the words of freenginx's log. */
export type MessageReading =
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'wrong'; readonly wrong: 'login' | 'password' | 'token' | 'CRAM-MD5 hash' }

const controlA = 0x01
const space = 0x20
const comma = 0x2c

// Hexadecimal digits of an MD5 digest (RFC 2195).
const digestLength = 32

/** Reads what a mechanism's client sends, where that is one message. */
export function readMessage(
  mechanism: Exclude<SaslMechanism, 'LOGIN'>,
  message: Buffer,
): MessageReading {
  switch (mechanism) {
    case 'PLAIN':
      return readPlain(message)
    case 'CRAM-MD5':
      return readCramMd5(message)
    case 'EXTERNAL':
      return found({ method: 'external', login: message })
    case 'XOAUTH2':
      return readXoauth2(message)
    case 'OAUTHBEARER':
      return readOauthbearer(message)
  }
}

/**
 * RFC 4616: authorization identity, NUL, login, NUL, password. The first is not looked at, as in
 * freenginx: whom a login may act for only the mail server knows.
 */
function readPlain(message: Buffer): MessageReading {
  const loginAt = message.indexOf(0) + 1
  if (loginAt === 0 || loginAt === message.length) return wrong('login')
  const loginEnd = message.indexOf(0, loginAt)
  if (loginEnd < 0) return wrong('password')
  const login = message.subarray(loginAt, loginEnd)
  return found({ method: 'plain', login, password: message.subarray(loginEnd + 1) })
}

/** RFC 2195: login, space, digest. */
function readCramMd5(message: Buffer): MessageReading {
  const end = message.indexOf(space)
  const response = message.subarray(end + 1)
  if (end < 0 || response.length !== digestLength) return wrong('CRAM-MD5 hash')
  return found({ method: 'cram-md5', login: message.subarray(0, end), response })
}

/** `user=` login, ^A, `auth=Bearer ` token, ^A, ^A (Google's page "XOAUTH2 Protocol"). */
function readXoauth2(message: Buffer): MessageReading {
  const end = message.indexOf(controlA)
  const login = behindPrefix(message.subarray(0, Math.max(end, 0)), 'user=')
  if (login === undefined) return wrong('login')
  const bearer = behindPrefix(message.subarray(end + 1), 'auth=Bearer ')
  if (bearer?.at(-1) !== controlA || bearer.at(-2) !== controlA) return wrong('token')
  return found({ method: 'xoauth2', login, token: bearer.subarray(0, -2) })
}

/** RFC 7628: `n,a=` login, `,`, then key=value pairs, each between two ^A. */
function readOauthbearer(message: Buffer): MessageReading {
  const headerEnd = message.indexOf(controlA)
  const header = headerEnd < 0 ? message : message.subarray(0, headerEnd)
  // What stands before the first comma is the channel binding flag, what has no comma behind it is
  // not a whole field.
  const encoded = firstField(parts(header, comma).slice(1, -1), 'a=')
  const login = encoded === undefined ? undefined : decodeSaslName(encoded)
  if (encoded === undefined) return wrong('login')
  const token = firstField(parts(message, controlA).slice(1, -1), 'auth=Bearer ')
  if (token === undefined) return wrong('token')
  // After the token, as in freenginx, where it decides what the log says.
  return login === undefined ? wrong('login') : found({ method: 'oauthbearer', login, token })
}

/** RFC 5801's saslname: a comma is written `=2C`, an equals sign `=3D`, and nothing else is. */
function decodeSaslName(encoded: Buffer): Buffer | undefined {
  const text = encoded.toString('latin1')
  if (/=(?!2C|3D)/i.test(text)) return undefined
  return Buffer.from(text.replace(/=2C/gi, ',').replace(/=3D/gi, '='), 'latin1')
}

/** The first field that begins with the prefix and has something behind it. */
function firstField(fields: readonly Buffer[], prefix: string): Buffer | undefined {
  const values = fields.map((field) => behindPrefix(field, prefix))
  return values.find((value) => value !== undefined && value.length > 0)
}

/** What stands behind the prefix, which is compared without regard to case. */
function behindPrefix(bytes: Buffer, prefix: string): Buffer | undefined {
  const start = bytes.toString('latin1', 0, prefix.length)
  if (start.toLowerCase() !== prefix.toLowerCase()) return undefined
  return bytes.subarray(prefix.length)
}

function parts(bytes: Buffer, separator: number): readonly Buffer[] {
  const cut: Buffer[] = []
  let at = 0
  for (let end = bytes.indexOf(separator); end >= 0; end = bytes.indexOf(separator, at)) {
    cut.push(bytes.subarray(at, end))
    at = end + 1
  }
  return [...cut, bytes.subarray(at)]
}

function found(credentials: Credentials): MessageReading {
  return { kind: 'credentials', credentials }
}

function wrong(part: Extract<MessageReading, { readonly kind: 'wrong' }>['wrong']): MessageReading {
  return { kind: 'wrong', wrong: part }
}
