// Lines of Postfix's log, as syslog or `maillog_file` write them: who connected to an smtpd, who
// logged in there, who was refused for being too many, who left. Dovecot's logins beside them.

import type { LogFinding, LogLineReader } from './log-trace.ts'

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** The time as syslog writes it, or as RFC 3339 says, then the host, then who speaks. */
const linePattern =
  /^(?:<\d+>)?(?:([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)?|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))) \S+ ([\w./-]+)(?:\[(\d+)\])?: (.*)$/

/** `postfix/smtpd`, `postfix/submission/smtpd`, and of a second instance `postfix-out/smtpd`. */
const smtpdPattern = /^postfix[\w-]*\/(?:([\w.:-]+)\/)?smtpd$/
const clientPattern = /^(connect|disconnect) from \S*\[([0-9A-Fa-f.:]+|unknown)\]/
const loginPattern = /: client=\S+.*, sasl_username=([^,]+)/
const tooManyPattern =
  /^warning: Connection concurrency limit exceeded: (\d+) from \S*\[[^\]]+\] for service (\S+)/

/** Where Debian's master.cf has these services listen. */
export const postfixListens: Readonly<Record<string, string>> = {
  smtpd: '*:25',
  smtp: '*:25',
  submission: '*:587',
  submissions: '*:465',
  smtps: '*:465',
}

/** A reader of lines that have no year: `year` is that of the first one. */
export function postfixReader(year: number): LogLineReader {
  let lineYear = year
  let lastMonth = -1
  return (line) => {
    const match = linePattern.exec(line)
    if (match === null) return undefined
    const [, month = '', day, hour, minute, second, stamp, program = '', pid = '', text = ''] =
      match
    let atMs: number
    if (stamp === undefined) {
      const at = months.indexOf(month)
      if (at < 0) return undefined
      // Logs go forward: from December to January a year has passed.
      if (at < lastMonth - 6) lineYear += 1
      lastMonth = at
      atMs = new Date(
        lineYear,
        at,
        Number(day),
        Number(hour),
        Number(minute),
        Number(second),
      ).getTime()
    } else {
      atMs = Date.parse(stamp)
    }
    if (Number.isNaN(atMs)) return undefined
    const finding = findingOf(program, pid, text)
    return finding === undefined ? { atMs } : { atMs, finding }
  }
}

function findingOf(program: string, pid: string, text: string): LogFinding | undefined {
  const smtpd = smtpdPattern.exec(program)
  if (smtpd === null) return undefined
  // One process serves one client at a time.
  const key = `${program} ${pid}`
  const found = clientPattern.exec(text)
  if (found !== null) {
    const [, word, client = ''] = found
    if (word === 'disconnect') return { kind: 'close', key }
    return { kind: 'connect', key, listen: smtpd[1] ?? 'smtpd', client }
  }
  const login = loginPattern.exec(text)
  if (login?.[1] !== undefined) return { kind: 'login', key, user: login[1] }
  const tooMany = tooManyPattern.exec(text)
  if (tooMany !== null) return { kind: 'refuse', key, limit: anvilLimit(Number(tooMany[1]) - 1) }
  return undefined
}

/** postfix smtpd_client_connection_count_limit: sessions of one address. */
function anvilLimit(cap: number) {
  return {
    stage: 'connect',
    option: 'limit_conn',
    tier: 'keyed',
    zone: 'smtpd_client_connection_count_limit',
    scope: 'Postfix',
    cap,
  } as const
}
