// The values of Auth_HTTP, Auth_Users and Auth_Upstream: who decides about logins.

import { parseHostPort } from '../../base/endpoint.ts'
import type { AuthenticatorValue, AuthHttpServer } from '../../policy/options.ts'
import { quoted } from './report.ts'
import { plainText, scalarType, yesOrNo } from './values.ts'
import type { ValueType, WordResult } from './values.ts'

/** `http://host:port/path`, or `none` to cancel the value of an outer scope. */
export const authHttp: ValueType<AuthenticatorValue> = scalarType<AuthenticatorValue>({
  title: 'an http or https URL or none',
  example: '"http://127.0.0.1:9000/auth"',
  parse(text) {
    if (text.toLowerCase() === 'none') return { value: { kind: 'none' } }
    const plain = plainText(text)
    return 'value' in plain ? parseUrl(text) : plain
  },
})

/** A path, or `none`. */
export const authUsers: ValueType<AuthenticatorValue> = scalarType<AuthenticatorValue>({
  title: 'the path of a users file or none',
  example: '"/etc/postern/users"',
  parse(text) {
    if (text.toLowerCase() === 'none') return { value: { kind: 'none' } }
    const file = plainText(text)
    return 'value' in file ? { value: { kind: 'users', file: file.value } } : file
  },
})

/** False cancels the value of an outer scope. */
export const authUpstream: ValueType<AuthenticatorValue> = scalarType<AuthenticatorValue>({
  title: 'true or false',
  example: 'true',
  parse(text) {
    const isOn = yesOrNo(text)
    return 'value' in isOn ? { value: { kind: isOn.value ? 'upstream' : 'none' } } : isOn
  },
})

const urlPattern = /^(?:https?:\/\/)?(\[[^\]/]+\]|[^:/?#\s]+)(:\d+)?(\/[^#\s]*)?$/i
// freenginx's way to name a Unix socket: unix:/path:/uri.
const unixPattern = /^(?:https?:\/\/)?(unix:[^:\s]+)(?::(\/[^#\s]*))?$/i

function parseUrl(text: string): WordResult<AuthenticatorValue> {
  const unix = unixPattern.exec(text)
  if (unix !== null) return read(text, { host: 'localhost', end: unix[1] ?? '', uri: unix[2] })
  const isTls = /^https:/i.test(text)
  const [, host, port = isTls ? ':443' : ':80', uri] = urlPattern.exec(text) ?? []
  if (host === undefined) return bad(text, 'write http://host:port/path')
  return read(text, { host, end: `${host}${port}`, uri })
}

interface UrlParts {
  readonly host: string
  /** As an upstream is written. */
  readonly end: string
  readonly uri: string | undefined
}

function read(text: string, { host, end, uri = '/' }: UrlParts): WordResult<AuthenticatorValue> {
  const result = parseHostPort(end)
  if (!('address' in result)) return bad(text, result.problem)
  const isTls = /^https:/i.test(text)
  const server: AuthHttpServer = {
    address: result.address,
    host,
    uri,
    ...(isTls ? { isTls } : {}),
  }
  return { value: { kind: 'http', server } }
}

function bad(text: string, hint: string): WordResult<AuthenticatorValue> {
  return { code: 'momentum.bad_address', problem: `is not a URL: ${quoted(text)}`, hint }
}
