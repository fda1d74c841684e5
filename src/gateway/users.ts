// The users files of a policy: read when it is loaded, looked into when somebody logs in.

import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Diagnostic, Sourced } from '../base/diagnostic.ts'
import { PosternError } from '../base/errors.ts'
import { chainOf } from '../policy/chain.ts'
import { findOption } from '../policy/fallback.ts'
import type { AuthenticatorValue } from '../policy/options.ts'
import type { Listen, Policy } from '../policy/policy.ts'
import { allScopes } from '../policy/validate.ts'
import type { UsersFileCode } from '../protocol/users-file/codes.ts'
import type { PasswordHash } from '../protocol/users-file/password-hash.ts'
import { parseUsersFile, usersFileMaxLength } from '../protocol/users-file/users-file.ts'
import type { UserEntry } from '../protocol/users-file/users-file.ts'
import type { GatewayErrorCode } from './codes.ts'
import { errnoText } from './errno.ts'

/** What an unknown user is checked against where the file has nobody: it takes as long as usual. */
const nobodysHash: PasswordHash = {
  scheme: 'scrypt',
  logCost: 15,
  blockSize: 8,
  parallelism: 3,
  salt: Buffer.alloc(16).toString('base64'),
  hash: Buffer.alloc(32).toString('base64'),
}

/** What is known of a login. */
export interface UserFound {
  /** Absent: nobody has this name, and no password is right. */
  readonly entry?: UserEntry
  /** To be checked either way, so that the time tells nobody which names there are. */
  readonly hash: PasswordHash
}

/** One file, as it was when the policy was loaded. */
export class UsersTable {
  readonly #users: ReadonlyMap<string, UserEntry>
  readonly #entries: readonly UserEntry[]
  /** Which hash stands in for an unknown name must not be guessable, and always be the same. */
  readonly #secret = randomBytes(32)

  constructor(users: ReadonlyMap<string, UserEntry>) {
    this.#users = users
    this.#entries = [...users.values()]
  }

  get entries(): readonly UserEntry[] {
    return this.#entries
  }

  /**
   * An unknown name gets the hash of somebody who is there: in a file of several schemes and costs
   * unknown names then take as long as known ones, each always the same.
   */
  find(login: Buffer): UserFound {
    const name = login.toString()
    const entry = this.#users.get(name)
    // Bytes that are no UTF-8 read like other bytes, and are nobody's name.
    if (entry !== undefined && Buffer.from(name).equals(login)) return { entry, hash: entry.hash }
    const digest = createHmac('sha256', this.#secret).update(login).digest()
    const stand = this.#entries[digest.readUInt32BE() % Math.max(1, this.#entries.length)]
    return { hash: stand?.hash ?? nobodysHash }
  }
}

/** By the name of the file as the policy has it. */
export type UsersTables = ReadonlyMap<string, UsersTable>

interface ReadUsers {
  readonly tables: UsersTables
  readonly diagnostics: readonly Diagnostic[]
}

/** Reads every users file of a policy. With an error among the diagnostics it must not be used. */
export function readUsers(policy: Policy, prefix: string): ReadUsers {
  const tables = new Map<string, UsersTable>()
  const diagnostics: Diagnostic[] = []
  for (const { value, span } of authenticatorsOf(policy)) {
    if (value.kind !== 'users' || tables.has(value.file)) continue
    const read = readTable({ value: value.file, span }, prefix)
    tables.set(value.file, read.table)
    diagnostics.push(...read.diagnostics)
  }
  for (const listener of policy.listeners) {
    for (const listen of listener.listens) {
      diagnostics.push(...checkUpstreams(policy, listen, tables))
    }
  }
  return { tables, diagnostics }
}

/** The same for whoever has no use for diagnostics: throws at the first error. */
export function loadUsers(policy: Policy, prefix: string): UsersTables {
  const { tables, diagnostics } = readUsers(policy, prefix)
  const wrong = diagnostics.find(({ severity }) => severity === 'error')
  if (wrong === undefined) return tables
  const { message, span } = wrong
  const where = span === undefined ? '' : ` in ${span.file}:${span.line}`
  const code: GatewayErrorCode = 'gateway.users_file'
  throw new PosternError(code, `${message}${where}`)
}

function authenticatorsOf(policy: Policy): readonly Sourced<AuthenticatorValue>[] {
  const scopes = [...allScopes(policy), ...policy.pathways, ...policy.pathwayGroups]
  return scopes.flatMap(({ options }) => options.authenticator ?? [])
}

function readTable(
  { value: file, span }: Sourced<string>,
  prefix: string,
): { readonly table: UsersTable; readonly diagnostics: readonly Diagnostic[] } {
  const path = isAbsolute(file) ? file : join(prefix, file)
  const nobody = new UsersTable(new Map())
  const fail = (
    code: UsersFileCode,
    message: string,
    hint?: string,
  ): ReturnType<typeof readTable> => ({
    table: nobody,
    diagnostics: [
      { severity: 'error', code, message, span, ...(hint === undefined ? {} : { hint }) },
    ],
  })
  try {
    const status = statSync(path)
    // A pipe would be waited for, and a device never ends.
    if (!status.isFile()) return fail('users.unreadable', `"${path}" is not a file`)
    if (status.size > usersFileMaxLength) {
      return fail('users.too_large', `"${path}" is too large for a users file`)
    }
    const { users, diagnostics } = parseUsersFile(readFileSync(path, 'utf8'), path)
    const remarks = [...remarksOnMode(path, status.mode), ...remarksOnNobody(path, users)]
    return { table: new UsersTable(users), diagnostics: [...diagnostics, ...remarks] }
  } catch (error) {
    const hint = 'postern users add FILE USER makes one'
    return fail('users.unreadable', `open() "${path}" failed (${errnoText(error)})`, hint)
  }
}

const othersRead = 0o004

function remarksOnMode(path: string, mode: number): Diagnostic[] {
  if ((mode & othersRead) === 0) return []
  const code: UsersFileCode = 'users.readable_by_others'
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  const message = `every user of this machine can read the hashes in "${path}" (mode ${shown})`
  return [{ severity: 'warning', code, message, hint: `chmod o= ${path}` }]
}

function remarksOnNobody(path: string, users: ReadonlyMap<string, UserEntry>): Diagnostic[] {
  if (users.size > 0) return []
  const code: UsersFileCode = 'users.nobody'
  const message = `"${path}" has no user, so nobody can log in`
  return [{ severity: 'warning', code, message, hint: `postern users add ${path} USER` }]
}

/** Users without an upstream of their own need that of the scope. */
function checkUpstreams(policy: Policy, listen: Listen, tables: UsersTables): Diagnostic[] {
  const scopes = chainOf(policy, listen.id, undefined)?.scopes ?? []
  const value = findOption(scopes, 'authenticator')?.sourced.value
  if (value?.kind !== 'users' || findOption(scopes, 'upstream') !== undefined) return []
  const homeless = (tables.get(value.file)?.entries ?? []).filter(
    ({ upstream }) => upstream === undefined,
  )
  const [first] = homeless
  if (first === undefined) return []
  const others = homeless.length === 1 ? '' : ` and ${homeless.length - 1} more`
  const code: UsersFileCode = 'users.no_upstream'
  const message = `user "${first.user}"${others} cannot get through ${listen.label}: neither the file nor the configuration names an upstream`
  const hint =
    'write user:hash:host:port in the file, or proxy_pass (Upstream) beside the file name'
  return [{ severity: 'warning', code, message, span: first.span, hint }]
}
