// Lines of the error log of nginx's and freenginx's mail proxy at level info: who connected, who
// logged in, who was refused by limit_conn, who left.

import type { LogFinding, LogLineReader } from './log-trace.ts'

const linePattern =
  /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d) \[(\w+)\] (\d+)#\d+: (?:\*(\d+) )?(.*)$/
const connectedPattern = /^client (\S+) connected to (\S+)$/
const loggedInPattern = /^client logged in,/
const limitPattern = /^limiting connections by zone "([^"]*)"/
/** After these the session is over; other endings are silent. */
const endPattern =
  /^(?:proxied session done|upstream sent invalid response|(?:client|upstream|auth http server \S+) timed out|(?:recv|send|connect|SSL_do_handshake)\(\) failed|client closed connection|shutdown timeout)/
const workerEndPattern = /^(?:exit$|worker process (\d+) exited)/
const loginPattern = /, login: "((?:[^"\\]|\\.)*)"/

/** nginx's `timeout` before a login, by default: a session that left silently stays no longer. */
export const nginxSilenceMs = 60_000

export function nginxReader(): LogLineReader {
  return (line) => {
    const match = linePattern.exec(line)
    if (match === null) return undefined
    const [, year, month, day, hour, minute, second, , pid = '', session, text = ''] = match
    const atMs = new Date(
      Number(year),
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    ).getTime()
    const finding = findingOf(pid, session, text)
    return finding === undefined ? { atMs } : { atMs, finding }
  }
}

function findingOf(pid: string, session: string | undefined, text: string): LogFinding | undefined {
  if (session === undefined) {
    const ended = workerEndPattern.exec(text)
    return ended === null ? undefined : { kind: 'gone', keyPrefix: `${ended[1] ?? pid} ` }
  }
  const key = `${pid} ${session}`
  const connected = connectedPattern.exec(text)
  if (connected !== null) {
    const [, client = '', listen = ''] = connected
    return {
      kind: 'connect',
      key,
      listen: listen.replace(/^0\.0\.0\.0:/, '*:'),
      client: hostOf(client),
    }
  }
  const user = loginPattern.exec(text)?.[1]
  if (loggedInPattern.test(text)) {
    return user === undefined ? { kind: 'sign', key } : { kind: 'login', key, user }
  }
  const limited = limitPattern.exec(text)
  if (limited !== null) {
    const who = user === undefined ? {} : { user }
    return { kind: 'refuse', key, limit: zoneLimit(limited[1] ?? ''), ...who }
  }
  if (endPattern.test(text)) return { kind: 'close', key }
  // Lines of its http and stream modules look the same; of theirs no session is known.
  return text.includes(', server: ') ? { kind: 'sign', key } : undefined
}

function hostOf(client: string): string {
  if (client.startsWith('unix:')) return 'unix'
  const bracketed = /^\[(.+)\]:\d+$/.exec(client)
  return bracketed?.[1] ?? client.replace(/:\d+$/, '')
}

/** freenginx limit_conn of its mail module: asked after the login. */
function zoneLimit(zone: string) {
  return {
    stage: 'authenticated',
    option: 'limit_conn',
    tier: 'keyed',
    zone,
    scope: 'nginx',
  } as const
}
