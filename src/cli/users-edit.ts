// Changes one line of a users file and leaves all others as they are, comments included.

import type { UserEntry } from '../protocol/users-file/users-file.ts'
import { parseUsersFile } from '../protocol/users-file/users-file.ts'

/** What a line is to say. */
export interface UserLine {
  readonly user: string
  readonly hash: string
  /** As it is to be written; absent: that of the line there was, or none. */
  readonly upstream?: string
}

export interface EditResult {
  readonly text: string
  readonly isNew: boolean
}

/** Why a name cannot stand in a users file, beyond what its parser says. */
export function problemOfUser(user: string): string | undefined {
  if (user.includes(':')) return 'a user name has no colon: it ends the name in the file'
  if (user.startsWith('#'))
    return 'a user name does not begin with "#": the line would be a comment'
  const { diagnostics } = parseUsersFile(`${user}:x`, '')
  const about = diagnostics.find(({ code }) => code === 'users.bad_name')
  return user === '' ? 'the user name is empty' : about?.message
}

/** The text with this user: its line changed, or a new one at the end. */
export function withUser(text: string, line: UserLine): EditResult {
  const found = entryOf(text, line.user)
  const lines = text.split('\n')
  const old = found === undefined ? undefined : lines[found.span.line - 1]
  const upstream = line.upstream ?? (old === undefined ? undefined : upstreamOf(old))
  const written = `${line.user}:${line.hash}${upstream === undefined ? '' : `:${upstream}`}`
  if (found === undefined) {
    const before = text === '' || text.endsWith('\n') ? text : `${text}\n`
    return { text: `${before}${written}\n`, isNew: true }
  }
  const at = found.span.line - 1
  return { text: lines.with(at, withEndOf(old ?? '', written)).join('\n'), isNew: false }
}

/** The text without this user; undefined when it is not there. */
export function withoutUser(text: string, user: string): string | undefined {
  const found = entryOf(text, user)
  return found === undefined
    ? undefined
    : text
        .split('\n')
        .toSpliced(found.span.line - 1, 1)
        .join('\n')
}

export function entryOf(text: string, user: string): UserEntry | undefined {
  return parseUsersFile(text, '').users.get(user)
}

/** Everything behind the second colon, as it is written. */
function upstreamOf(line: string): string | undefined {
  const rest = line.replace(/\r$/, '').split(':').slice(2).join(':')
  return rest === '' ? undefined : rest
}

/** A file with line ends of Windows keeps them, and a byte-order mark stays in front. */
function withEndOf(old: string, written: string): string {
  return `${old.startsWith('\uFEFF') ? '\uFEFF' : ''}${written}${old.endsWith('\r') ? '\r' : ''}`
}
