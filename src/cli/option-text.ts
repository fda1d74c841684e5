// Options and their values as an operator writes them.

import type { Span } from '../base/diagnostic.ts'
import { dialectOf } from '../dialect/detect.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { AuthenticatorValue, FileListValue, OptionName } from '../policy/options.ts'

/** `Idle_Time` or `idle_time` for `idle`: the words of the file that is spoken of. */
export function optionName(option: OptionName, value: unknown, dialect: Dialect['name']): string {
  return dialectOf(dialect).word(option, value)
}

/** A value in the words of the file that is spoken of: nginx's flags are `on` and `off`. */
export function optionValue(option: OptionName, value: unknown, dialect: Dialect['name']): string {
  if (dialect !== 'nginx') return valueText(option, value)
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (option === 'authenticator' && isUpstreamAuthenticator(value)) return 'on'
  return nginxWords.get(`${option} ${String(value)}`) ?? valueText(option, value)
}

/** Where the two languages have other words for one value. */
const nginxWords: ReadonlyMap<string, string> = new Map([
  ['upstreamXclient no', 'off'],
  ['upstreamXclient ifavailable', 'on'],
  ['upstreamProxyProtocol v1', 'on'],
])

function isUpstreamAuthenticator(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'upstream'
}

/** A value of the policy in words: `300 s`, `no limit`, `127.0.0.1:25`. */
export function valueText(option: string, value: unknown): string {
  if (option === 'fileMode' && typeof value === 'number') return `0${value.toString(8)}`
  if (Array.isArray(value)) return value.map((item) => valueText(option, item)).join(', ')
  if (typeof value !== 'object' || value === null) return String(value)
  // A value of the policy is plain data with string keys.
  return objectText(value as Readonly<Record<string, unknown>>, option)
}

function objectText(value: Readonly<Record<string, unknown>>, option: string): string {
  if (value['kind'] === 'unix') return String(value['path'])
  if (value['kind'] === 'tcp') return hostPort(String(value['host']), value['port'])
  if (option === 'authenticator') return authenticatorText(value)
  if (option === 'context') return JSON.stringify(value)
  if (option === 'resolver') return String(value['text'])
  if ('ms' in value) return `${Number(value['ms']) / 1000} s`
  if ('bytesPerSecond' in value) return `${String(value['bytesPerSecond'])} bytes/s`
  if ('capMax' in value) return String(value['capMax'])
  if ('path' in value) return String(value['path'])
  if ('files' in value) return filesText(value as unknown as FileListValue) // the only value with files
  return emptyValues.get(option) ?? 'none'
}

function filesText({ files }: FileListValue): string {
  return files.length === 0 ? 'none' : files.map(({ value }) => value).join(', ')
}

/** What a value without content says: the explicit 0 of each option. */
const emptyValues: ReadonlyMap<string, string> = new Map([
  ['idle', 'never'],
  ['ecstreamIdle', 'never'],
  ['proxyProtocolTimeout', 'never'],
  ['resolverValid', 'as DNS says'],
  ['resolverTimeout', 'never'],
  ['maxReceptions', 'no limit'],
  ['limitRate', 'no limit'],
  ['serviceSessions', 'no limit'],
  ['listenerSessions', 'no limit'],
])

/** As Auth_HTTP, Auth_Users or Auth_Upstream is written. */
function authenticatorText(value: Readonly<Record<string, unknown>>): string {
  const authenticator = value as unknown as AuthenticatorValue // the value of that option
  if (authenticator.kind === 'none') return 'none'
  if (authenticator.kind === 'users') return authenticator.file
  if (authenticator.kind === 'upstream') return 'true'
  const { address, uri, isTls } = authenticator.server
  const where = valueText('upstream', address)
  return where.startsWith('/')
    ? `unix:${where}:${uri}`
    : `http${isTls === true ? 's' : ''}://${where}${uri}`
}

function hostPort(host: string, port: unknown): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`
}

/** `postern.conf:12`, with the path as short as it can be from here. */
export function placeText(span: Span, cwd: string): string {
  const file = span.file.startsWith(`${cwd}/`) ? span.file.slice(cwd.length + 1) : span.file
  return `${file}:${span.line}`
}
