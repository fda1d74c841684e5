// One log of an `error_log` or `Error_Log`, read from its text: a file, standard error, or a syslog
// server. Both dialects write it the same way, as nginx does.

import { parseHostPort } from '../base/endpoint.ts'
import { suggest } from '../base/suggest.ts'

export const logLevels = [
  'emerg',
  'alert',
  'crit',
  'error',
  'warn',
  'notice',
  'info',
  'debug',
] as const
export type LogLevel = (typeof logLevels)[number]

/** Where records go as datagrams of the BSD syslog protocol. */
export interface SyslogServer {
  readonly host: string
  readonly port: number
  /** Number of the facility, 0 to 23. */
  readonly facility: number
  readonly tag: string
  /** Absent: our host name stands in each datagram. */
  readonly isNameless?: true
}

/** One log, and the least severe level it takes. */
export interface ErrorLogTarget {
  /** As it is written: a path, `stderr`, or `syslog:...`. */
  readonly path: string
  readonly level: LogLevel
  readonly syslog?: SyslogServer
  /** At most so many records a second, 0 for any number; absent: the gate's own limits. */
  readonly recordsPerSecond?: number
}

/** What a text names, or what is wrong with it in nginx's words. */
export type LogPlaceResult =
  | { readonly syslog?: SyslogServer; readonly remark?: string }
  | { readonly problem: string; readonly hint?: string; readonly isUnsupported?: true }

// In the order of their numbers, with nginx's names.
const facilities = (
  'kern user mail daemon auth intern lpr news uucp clock authpriv ftp ntp audit alert cron ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ')
const defaultFacility = 'local7'
const defaultTag = 'postern'
const defaultPort = 514
// RFC 3164 section 4.1.3: a tag is 32 characters at most.
const tagLengthMax = 32

/** Reads the first word of a log: what is not `syslog:` or `memory:` is a path. */
export function parseLogPlace(text: string): LogPlaceResult {
  if (text.startsWith('memory:')) {
    const hint = 'name a file, or stderr: nobody could read a log in the memory of this process'
    return { problem: '"memory:"', hint, isUnsupported: true }
  }
  return text.startsWith('syslog:') ? parseSyslog(text.slice('syslog:'.length)) : {}
}

function parseSyslog(text: string): LogPlaceResult {
  const found = new Map<string, string>()
  for (const word of text.split(',')) {
    const at = word.indexOf('=')
    const name = at < 0 ? word : word.slice(0, at)
    const isKnown =
      at < 0
        ? name === 'nohostname'
        : ['server', 'facility', 'severity', 'tag'].includes(name) && at > 0
    if (!isKnown) return { problem: `unknown syslog parameter "${word}"` }
    if (found.has(name)) return { problem: `duplicate syslog "${name}"` }
    found.set(name, word.slice(at + 1))
  }
  const facility = facilities.indexOf(found.get('facility') ?? defaultFacility)
  if (facility < 0) {
    const problem = `unknown syslog facility "${found.get('facility') ?? ''}"`
    return withHint(problem, suggest(found.get('facility') ?? '', facilities))
  }
  const severity = found.get('severity')
  if (severity !== undefined && !logLevels.some((level) => level === severity)) {
    return withHint(`unknown syslog severity "${severity}"`, suggest(severity, logLevels))
  }
  const tag = found.get('tag') ?? defaultTag
  if (tag.length > tagLengthMax) return { problem: 'syslog tag length exceeds 32' }
  if (!/^[A-Za-z0-9_]+$/.test(tag)) {
    return { problem: 'syslog "tag" only allows alphanumeric characters and underscore' }
  }
  const server = serverOf(found.get('server') ?? '')
  if ('problem' in server) return server
  const isNameless = found.has('nohostname')
  return {
    syslog: { ...server, facility, tag, ...(isNameless ? { isNameless } : {}) },
    ...(severity === undefined
      ? {}
      : { remark: `the severity of "${text}" has no effect: each record has its own level's` }),
  }
}

function withHint(problem: string, close: string | undefined): LogPlaceResult {
  return close === undefined ? { problem } : { problem, hint: `did you mean ${close}?` }
}

type ServerResult =
  | { readonly host: string; readonly port: number }
  | { readonly problem: string; readonly hint?: string; readonly isUnsupported?: true }

function serverOf(text: string): ServerResult {
  if (text === '') return { problem: 'no syslog server specified' }
  if (text.startsWith('unix:')) {
    const hint = 'name an address, as in server=127.0.0.1, and let the syslog daemon listen there'
    return { problem: '"syslog:server=unix:"', hint, isUnsupported: true }
  }
  for (const candidate of [text, `${text}:${defaultPort}`, `[${text}]:${defaultPort}`]) {
    const result = parseHostPort(candidate)
    if ('address' in result && result.address.kind === 'tcp') {
      return { host: result.address.host, port: result.address.port }
    }
  }
  return { problem: `invalid address in syslog server "${text}"` }
}
