// Values that end up in an SMTP reply: checked here, so that nothing breaks a line there.

import { quoted } from './report.ts'
import { plainText, scalarType, textType } from './values.ts'
import type { ValueType, WordResult } from './values.ts'

/** RFC 5321 4.5.3.1.5: a reply line has at most 512 octets, CRLF included. */
const maxReplyLine = 510

/** The host name that a greeting shows, or a certificate must have. */
export const hostName: ValueType<string> = textType('a host name', '"mx.example.net"', (value) =>
  value.includes(' ') || value.length > 255
    ? { code: 'momentum.bad_value', problem: `takes a host name, not ${quoted(value)}` }
    : { value },
)

/** A whole greeting: one line or several, each a 220 line. Line endings are normalised to CRLF. */
export const staticBanner: ValueType<string> = scalarType({
  title: 'a greeting that begins with 220',
  example: '"220 mx.example.net ESMTP"',
  parse: parseBanner,
})

function parseBanner(banner: string): WordResult<string> {
  const lines = banner.replace(/(\r?\n)+$/, '').split(/\r?\n/)
  for (const [index, line] of lines.entries()) {
    const result = checkLine(line, index === lines.length - 1)
    if (result !== undefined) return result
  }
  return { value: lines.join('\r\n') }
}

function checkLine(line: string, isLast: boolean): WordResult<string> | undefined {
  const plain = plainText(line)
  if ('problem' in plain) return plain
  const start = isLast ? '220 ' : '220-'
  if (!line.startsWith(start)) {
    const problem = isLast
      ? `must begin with "220 ", not with ${quoted(line)}`
      : `must begin every line but the last with "220-", not with ${quoted(line)}`
    return { code: 'momentum.bad_value', problem, hint: `write ${quoted(withCode(line, start))}` }
  }
  if (Buffer.byteLength(line) <= maxReplyLine) return undefined
  return { code: 'momentum.out_of_range', problem: `has a line longer than ${maxReplyLine} octets` }
}

function withCode(line: string, start: string): string {
  return `${start}${line.replace(/^\d{3}[ -]?/, '')}`
}

/** What follows `421 ` for sessions of an older policy. */
export const reconfigMessage: ValueType<string> = textType(
  'a text',
  '"4.3.2 Reconfiguration in progress"',
  (value) => {
    if (value.startsWith('421')) {
      const rest = value.replace(/^421[ -]?/, '')
      const problem = `stands after the 421, not ${quoted(value)}`
      return { code: 'momentum.bad_value', problem, hint: `write ${quoted(rest)}` }
    }
    // The code and the blank before it take four octets.
    if (Buffer.byteLength(value) <= maxReplyLine - 4) return { value }
    return { code: 'momentum.out_of_range', problem: `is longer than ${maxReplyLine - 4} octets` }
  },
)
