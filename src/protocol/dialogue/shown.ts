// What a log may show of a client's command. A password must never be part of it.

import { escapeText } from '../../base/escape.ts'
import { shownMaxLength } from './bounds.ts'

/** A command line with its end as `__`, as in freenginx's log. Not for one with credentials. */
export function shownLine(line: Buffer): string {
  const marked = line.toString('latin1').replace(/[\r\n]/g, '_')
  return escapeText(Buffer.from(marked, 'latin1'), shownMaxLength)
}

/**
 * The first line of what came before the greeting; freenginx shows all of it. Behind the first line
 * an impatient client may have credentials, and so may a first line that speaks of logging in.
 */
export function shownEarlyTalk(chunk: Buffer): string {
  const end = chunk.indexOf('\n')
  const line = end < 0 ? chunk : chunk.subarray(0, end + 1)
  return /auth|login|pass/i.test(line.toString('latin1')) ? '...' : shownLine(line)
}
