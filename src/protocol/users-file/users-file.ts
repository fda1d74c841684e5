// Parses a file of users (auth_users): one `user:hash:upstream` a line.

import type { Diagnostic, Span } from '../../base/diagnostic.ts'
import { parseHostPort } from '../../base/endpoint.ts'
import type { UpstreamAddress } from '../../policy/options.ts'
import type { UsersFileCode } from './codes.ts'
import { parsePasswordHash, type PasswordHash } from './password-hash.ts'

export interface UserEntry {
  readonly user: string
  readonly hash: PasswordHash
  /** Absent: the upstream of the server that the session came in on. */
  readonly upstream?: UpstreamAddress
  readonly span: Span
}

/** A line with an error gives no entry: such a user cannot log in, the others can. */
export interface UsersFile {
  readonly users: ReadonlyMap<string, UserEntry>
  readonly diagnostics: readonly Diagnostic[]
}

/** Half a million users of the usual length; a file that is read at every reload ends somewhere. */
export const usersFileMaxLength = 67_108_864
/** A name of 255, the longest hash of the known schemes (below 300), and a host name of 253. */
export const usersLineMaxLength = 1_024
/** RFC 3501 and its like set no bound; RFC 5321's longest address has 254. */
const nameMaxLength = 255
/** More would not be read by anyone. */
const diagnosticsMaxCount = 100

const controlPattern = /[\0-\x1f\x7f]/

/**
 * Empty lines and lines that begin with `#` are left out. A user name has no colon; everything
 * behind the second colon is the upstream.
 *
 * @example
 * parseUsersFile('u@d:$2b$12$...:127.0.0.1:143', 'users').users.get('u@d')
 */
export function parseUsersFile(text: string, file: string): UsersFile {
  const reader = new UsersReader(file)
  if (text.length > usersFileMaxLength) {
    reader.report('users.too_large', { message: 'the file is too large for a users file' }, 1)
    return reader.result()
  }
  let at = text.startsWith('\uFEFF') ? 1 : 0
  for (let line = 1; at < text.length; line += 1) {
    const end = text.indexOf('\n', at)
    const next = end < 0 ? text.length : end
    reader.readLine(text.slice(at, next).replace(/\r$/, ''), line)
    at = next + 1
  }
  return reader.result()
}

interface Place {
  readonly column: number
  readonly length: number
}

interface Problem {
  readonly message: string
  readonly hint?: string
  /** Absent: the whole line. */
  readonly place?: Place
}

class UsersReader {
  readonly #file: string
  readonly #users = new Map<string, UserEntry>()
  readonly #diagnostics: Diagnostic[] = []
  #unshownCount = 0

  constructor(file: string) {
    this.#file = file
  }

  readLine(text: string, line: number): void {
    if (text === '' || text.startsWith('#')) return
    if (text.length > usersLineMaxLength) {
      const message = `the line has more than ${usersLineMaxLength} characters`
      this.report('users.line_too_long', { message }, line)
      return
    }
    const first = text.indexOf(':')
    if (first < 0) {
      const hint = 'write user:hash or user:hash:upstream'
      this.report('users.bad_line', { message: 'the line has no colon', hint }, line)
      return
    }
    const second = text.indexOf(':', first + 1)
    const hashEnd = second < 0 ? text.length : second
    this.#readFields(
      {
        user: text.slice(0, first),
        hash: text.slice(first + 1, hashEnd),
        upstream: text.slice(hashEnd + 1),
      },
      line,
    )
  }

  report(code: UsersFileCode, { message, hint, place }: Problem, line: number): void {
    if (this.#diagnostics.length >= diagnosticsMaxCount) {
      this.#unshownCount += 1
      return
    }
    const { column, length } = place ?? { column: 1, length: 0 }
    const span = { file: this.#file, line, column }
    this.#diagnostics.push({
      severity: 'error',
      code,
      message,
      span: length === 0 ? span : { ...span, endColumn: column + length },
      ...(hint === undefined ? {} : { hint }),
    })
  }

  result(): UsersFile {
    const unshown = this.#unshownCount
    if (unshown === 0) return { users: this.#users, diagnostics: this.#diagnostics }
    const code: UsersFileCode = 'users.too_many_errors'
    const message = `${unshown} more errors are not shown`
    const last: Diagnostic = { severity: 'error', code, message }
    return { users: this.#users, diagnostics: [...this.#diagnostics, last] }
  }

  #readFields(
    fields: { readonly user: string; readonly hash: string; readonly upstream: string },
    line: number,
  ): void {
    const { user } = fields
    const place = { column: 1, length: user.length }
    const badName = problemOfName(user)
    if (badName !== undefined) {
      this.report('users.bad_name', { message: badName, place }, line)
      return
    }
    const found = parsePasswordHash(fields.hash)
    const hashPlace = { column: user.length + 2, length: fields.hash.length }
    if ('problem' in found) {
      const { code, message, hint } = found.problem
      this.report(code, { message: `user "${user}": ${message}`, hint, place: hashPlace }, line)
      // What follows may be the rest of a password that has a colon, so nothing quotes it.
      return
    }
    const upstream = this.#readUpstream(fields.upstream, hashPlace, line)
    if (upstream === 'wrong') return
    const earlier = this.#users.get(user)
    if (earlier !== undefined) {
      const message = `user "${user}" stands in line ${earlier.span.line} already`
      this.report('users.duplicate', { message, place }, line)
      return
    }
    const span = { file: this.#file, line, column: 1, endColumn: 1 + user.length }
    const rest = upstream === 'none' ? {} : { upstream }
    this.#users.set(user, { user, hash: found.hash, ...rest, span })
  }

  #readUpstream(text: string, before: Place, line: number): UpstreamAddress | 'none' | 'wrong' {
    if (text === '') return 'none'
    const parsed = parseHostPort(text)
    if ('address' in parsed) return parsed.address
    const place = { column: before.column + before.length + 1, length: text.length }
    this.report('users.bad_upstream', { message: parsed.problem, place }, line)
    return 'wrong'
  }
}

function problemOfName(user: string): string | undefined {
  if (user === '') return 'the user name before the colon is missing'
  if (user.length > nameMaxLength) return `a user name has at most ${nameMaxLength} characters`
  if (controlPattern.test(user)) return 'a user name has no control characters'
  return user === user.trim() ? undefined : 'a user name has no spaces around it'
}
