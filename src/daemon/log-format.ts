// nginx's error log line. Existing filters read it, so it may not change by one byte; and nothing
// that comes from outside may end a line early or begin a new one.

import { escapeText } from '../base/escape.ts'
import type { LogEntry, LogLevelName } from '../base/log.ts'

/** Who writes: nginx's `pid#thread`. */
export interface LogIdentity {
  readonly pid: number
  readonly threadId: number
}

/** One record as one line, newline included. */
export type LineFormat = (level: LogLevelName, entry: LogEntry, wallMs: number) => string

/** nginx's NGX_MAX_ERROR_STR: a longer line is cut, so that one record cannot fill a disk. */
export const lineLengthMax = 2048

/**
 * A user name is hostile text; 255 is the longest key that is counted as it stands (SEMANTICS S15).
 */
const loginLengthMax = 255

/** Formats records as nginx does, local time. */
export function nginxFormat(identity: LogIdentity): LineFormat {
  const writer = `${identity.pid}#${identity.threadId}`
  const stamp = localStamp()
  return (level, entry, wallMs) => {
    const session = entry.sessionId === undefined ? '' : `*${entry.sessionId} `
    const line = printable(
      `${stamp(wallMs)} [${level}] ${writer}: ${session}${entry.text}${details(entry)}`,
      lineLengthMax - 1,
    )
    return `${line}\n`
  }
}

function details(entry: LogEntry): string {
  let text = ''
  if (entry.client !== undefined) text += `, client: ${entry.client}`
  if (entry.usesStarttls === true) text += ' using starttls'
  if (entry.server !== undefined) text += `, server: ${entry.server}`
  if (entry.login !== undefined) text += `, login: "${escapeText(entry.login, loginLengthMax)}"`
  if (entry.upstream !== undefined) text += `, upstream: ${entry.upstream}`
  return text
}

// Control characters, DEL, C1 controls and the two Unicode line ends: what a terminal or a log
// shipper could take for an order or a new line.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** The text in one line of at most `lengthMax` characters; control bytes become `\xNN`. */
export function printable(text: string, lengthMax: number): string {
  const shown = text.replace(unprintable, escapeCharacter)
  return shown.length <= lengthMax ? shown : `${shown.slice(0, lengthMax - 3)}...`
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0)
  return code > 0xff
    ? String.raw`\u` + code.toString(16).padStart(4, '0')
    : String.raw`\x` + code.toString(16).padStart(2, '0')
}

/** `YYYY/MM/DD HH:MM:SS` in local time, computed once per second. */
function localStamp(): (wallMs: number) => string {
  let second = Number.NaN
  let text = ''
  return (wallMs) => {
    const now = Math.floor(wallMs / 1000)
    if (now !== second) {
      second = now
      text = formatLocalTime(new Date(wallMs))
    }
    return text
  }
}

function formatLocalTime(date: Date): string {
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('/')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
  return `${day} ${time}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
