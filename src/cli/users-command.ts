// `postern users`: makes, changes and checks the files that auth_users reads.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { parseHostPort } from '../base/endpoint.ts'
import { PosternError } from '../base/errors.ts'
import { renderDiagnostic } from '../base/render-diagnostic.ts'
import { errnoText } from '../gateway/errno.ts'
import { bcryptPasswordMaxBytes, hashPassword, passwordSchemes } from '../gateway/passwords/make.ts'
import type { PasswordScheme } from '../gateway/passwords/make.ts'
import { isPassword } from '../gateway/passwords/verify.ts'
import { parseUsersFile } from '../protocol/users-file/users-file.ts'
import type { UserEntry } from '../protocol/users-file/users-file.ts'
import { commandLine, exitCodes, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { valueText } from './option-text.ts'
import { passwordFor } from './password-prompt.ts'
import type { PasswordSource } from './password-prompt.ts'
import { replaceFile } from './replace-file.ts'
import { columns, json } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { entryOf, problemOfUser, withoutUser, withUser } from './users-edit.ts'

interface Flags {
  readonly stdin?: true
  readonly scheme: string
  readonly upstream?: string
  readonly json?: true
}

/** What one of the commands works with. */
interface Call {
  readonly file: string
  /** Absolute. */
  readonly path: string
  readonly user: string
  readonly flags: Flags
  readonly terminal: Terminal
  readonly passwords: PasswordSource
}

const examples = [
  'postern users add users ann@example.org                asks for her password',
  'pwgen 20 1 | postern users add --stdin users bob       reads it from standard input',
  'postern users add users bob --upstream 10.0.0.7:143    bob is relayed there',
  'postern users check users                              is every line right?',
  "postern users check users bob                          is this bob's password?",
  'postern users list users --json                        who is there, for a program',
  'postern users remove users bob',
]

const does: Readonly<Record<string, (call: Call) => Promise<number> | number>> = {
  add,
  remove,
  list,
  check,
}

export function usersCommand(terminal: Terminal, passwords: PasswordSource): CommandLine {
  const command = newCommand(
    'postern users',
    'Make, change and check a file of users, as auth_users (Auth_Users) reads it.\n' +
      'add changes the password of a user who is there already. Reload the daemon afterwards.',
    examples,
  )
    .argument('<what>', 'add, remove, list or check')
    .argument('<file>', 'the users file; add makes it when it is not there')
    .argument('[user]', 'the name that clients log in with')
    .option('--stdin', 'read the password from standard input')
    .option('--scheme <scheme>', `hash it with ${passwordSchemes.join(', ')}`, 'scrypt')
    .option('--upstream <address>', 'the mail server of this user: host:port or a path')
    .option('--json', 'with list: print JSON')
  return commandLine(command, terminal, (parsed) => users(parsed, terminal, passwords))
}

async function users(
  command: Command,
  terminal: Terminal,
  passwords: PasswordSource,
): Promise<number> {
  const [what = '', file = '', user = ''] = command.args
  const run = Object.hasOwn(does, what) ? does[what] : undefined
  if (run === undefined) throw new UsageError(`"${what}" is none of add, remove, list and check.`)
  const needsUser = what === 'add' || what === 'remove'
  const problem = needsUser || user !== '' ? problemOfUser(user) : undefined
  if (problem !== undefined) throw new UsageError(`${problem}.`)
  const path = resolve(terminal.cwd, file)
  const flags = command.opts<Flags>()
  try {
    return await run({ file, path, user, flags, terminal, passwords })
  } catch (error) {
    if (error instanceof UsageError) throw error
    const why = failureText(error, file)
    if (why === undefined) throw error
    terminal.err(`postern: ${why}\n`)
    return exitCodes.failed
  }
}

/** Undefined: it is a defect. */
function failureText(error: unknown, file: string): string | undefined {
  if (PosternError.is(error)) return error.message
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return undefined
  if (error.code !== 'EEXIST')
    return `${String(error.syscall)}() "${file}" failed (${errnoText(error)})`
  return `${file}.new is there: another postern users is at work, or was cut short; then remove it`
}

async function add({ file, path, user, flags, terminal, passwords }: Call): Promise<number> {
  const scheme = passwordSchemes.find((known) => known === flags.scheme)
  if (scheme === undefined) {
    throw new UsageError(`--scheme takes ${passwordSchemes.join(', ')}, not "${flags.scheme}".`)
  }
  const { upstream } = flags
  const parsed = upstream === undefined ? undefined : parseHostPort(upstream)
  if (parsed !== undefined && !('address' in parsed)) {
    throw new UsageError(`--upstream ${upstream}: ${parsed.problem}`)
  }
  // Looked at before anybody types a password.
  readText(path)
  const isFromInput = flags.stdin === true
  const password = await passwordFor(passwords, { isFromInput, isNew: true })
  checkLength(scheme, password)
  const hash = await hashPassword(scheme, password)
  const line = { user, hash, ...(upstream === undefined ? {} : { upstream }) }
  // Read again: the prompt may have stood there for long.
  const { text, isNew } = withUser(readText(path), line)
  if (entryOf(text, user) === undefined) {
    terminal.err(`postern: ${file}: the line of ${user} would be wrong; nothing was changed\n`)
    return exitCodes.failed
  }
  replaceFile(path, text)
  terminal.out(`${isNew ? 'added' : 'changed'} ${user} in ${file}\n`)
  return exitCodes.fine
}

function checkLength(scheme: PasswordScheme, password: Buffer): void {
  if (scheme !== 'bcrypt' || password.length <= bcryptPasswordMaxBytes) return
  throw new UsageError(
    `bcrypt looks at the first ${bcryptPasswordMaxBytes} bytes only: take scrypt or argon2id.`,
  )
}

function remove({ file, path, user, terminal }: Call): number {
  const text = withoutUser(readFileSync(path, 'utf8'), user)
  if (text === undefined) return nobody(user, file, terminal)
  replaceFile(path, text)
  terminal.out(`removed ${user} from ${file}\n`)
  return exitCodes.fine
}

function list({ path, flags, terminal }: Call): number {
  const { users: found } = parseUsersFile(readFileSync(path, 'utf8'), path)
  const rows = [...found.values()].map((entry) => ({
    user: entry.user,
    scheme: schemeOf(entry),
    ...(entry.upstream === undefined ? {} : { upstream: valueText('upstream', entry.upstream) }),
  }))
  if (flags.json === true) terminal.out(json(rows))
  else {
    const table = rows.map(({ user, scheme, upstream = '' }) => [user, scheme, upstream])
    terminal.out(columns([['USER', 'HASH', 'UPSTREAM'], ...table]))
  }
  return exitCodes.fine
}

function schemeOf({ hash }: UserEntry): string {
  return hash.scheme === 'argon2' ? hash.variant : hash.scheme
}

async function check({ file, path, user, flags, terminal, passwords }: Call): Promise<number> {
  const text = readFileSync(path, 'utf8')
  if (user !== '') {
    const entry = entryOf(text, user)
    if (entry === undefined) return nobody(user, file, terminal)
    const isFromInput = flags.stdin === true
    const password = await passwordFor(passwords, { isFromInput, isNew: false })
    const isRight = await isPassword(entry.hash, password)
    terminal.out(`the password of ${user} is ${isRight ? 'right' : 'wrong'}\n`)
    return isRight ? exitCodes.fine : exitCodes.failed
  }
  const { users: found, diagnostics } = parseUsersFile(text, file)
  // Without the text: its lines are hashes, and terminals are looked at.
  const color = terminal.isColorErr
  for (const diagnostic of diagnostics) {
    terminal.err(`${renderDiagnostic(diagnostic, new Map(), { color }).trimEnd()}\n`)
  }
  terminal.out(`${file}: ${found.size} users, ${diagnostics.length} errors\n`)
  return diagnostics.length === 0 ? exitCodes.fine : exitCodes.failed
}

function nobody(user: string, file: string, terminal: Terminal): number {
  terminal.err(`postern: ${file} has no user ${user}\n`)
  return exitCodes.failed
}

/** A file that is not there yet is an empty one. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
