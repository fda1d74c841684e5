// Logs of real servers as traces. test/kit/logs was written by Debian's Postfix and nginx.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { nginxReader, nginxSilenceMs } from './from-nginx.ts'
import { postfixListens, postfixReader } from './from-postfix.ts'
import { LogTrace } from './log-trace.ts'
import type { LogLineReader } from './log-trace.ts'

function traceOf(read: LogLineReader, text: string, silenceMs?: number) {
  const written: string[] = []
  const trace = new LogTrace({
    source: silenceMs === undefined ? 'postfix' : 'nginx',
    record: 'r',
    write: (line) => written.push(line),
    listenOf: (name) => postfixListens[name] ?? name,
    ...(silenceMs === undefined ? {} : { silenceMs }),
  })
  for (const line of text.trim().split('\n')) trace.take(read(line))
  trace.end()
  // Header, beginning, and names of Listens and limits aside.
  const lines = written.slice(3).map((line): readonly unknown[] => JSON.parse(line))
  return { trace, lines: lines.filter(([kind]) => kind !== 'N' && kind !== 'L') }
}

function sample(name: string): string {
  const path = fileURLToPath(new URL(`../../test/kit/logs/${name}`, import.meta.url))
  return readFileSync(path, 'utf8')
}

describe("Postfix's log", () => {
  it('of a real server becomes its sessions, those at the same time side by side', () => {
    const { trace, lines } = traceOf(postfixReader(2026), sample('postfix.txt'))
    expect(lines.map(([kind, atMs, id]) => [kind, atMs, id])).toEqual([
      ['o', 0, 1],
      ['c', 0, 1],
      ['o', 0, 2],
      ['c', 0, 2],
      ['o', 2000, 3],
      ['o', 2000, 4],
      ['o', 2000, 5],
      ['o', 2000, 6],
      ['c', 3000, 3],
      ['c', 3000, 4],
      ['c', 3000, 5],
      ['c', 3000, 6],
    ])
    const { lineCount, usedCount, otherCount, strangeCount, openCount } = trace
    expect([lineCount, usedCount, otherCount, strangeCount, openCount]).toEqual([16, 12, 4, 0, 0])
    expect(lines[0]?.[4]).toBe('127.0.0.1')
  })

  const said = (seconds: string, pid: number, text: string): string =>
    `2026-11-25T18:00:${seconds}+01:00 mx postfix/submission/smtpd[${pid}]: ${text}`
  const login = '4F1: client=a.example[2001:db8::1]'
  const limit = 'warning: Connection concurrency limit exceeded'
  it('knows logins, refusals at once, RFC 3339 times and IPv6', () => {
    const { lines } = traceOf(
      postfixReader(2026),
      [
        said('00.250', 7, 'connect from a.example[2001:db8::1]'),
        said('00.500', 8, 'connect from unknown[192.0.2.1]'),
        said('01.250', 7, `${login}, sasl_method=PLAIN, sasl_username=bob`),
        said('01.300', 8, `${limit}: 51 from unknown[192.0.2.1] for service submission`),
        said('01.400', 8, 'disconnect from unknown[192.0.2.1] commands=0/0'),
        said('02.250', 7, 'disconnect from a.example[2001:db8::1]'),
      ].join('\n'),
    )
    expect(lines).toEqual([
      ['o', 0, 1, 0, '2001:db8::1'],
      ['r', 250, 2, 0, '192.0.2.1', 0, 50],
      ['u', 1000, 1, 'bob'],
      ['c', 2000, 1, 0, 2000],
    ])
  })

  it('goes from December to January into the next year, and counts what it does not know', () => {
    const { trace, lines } = traceOf(
      postfixReader(2025),
      `Dec 31 23:59:59 mx postfix/smtpd[7]: connect from a[192.0.2.1]
what is this
Jan  1 00:00:01 mx postfix/smtpd[7]: disconnect from a[192.0.2.1]
Jan  1 00:00:02 mx dovecot: imap-login: Login: user=<bob>`,
    )
    expect(lines.map(([kind, atMs]) => [kind, atMs])).toEqual([
      ['o', 0],
      ['c', 2000],
    ])
    expect([trace.strangeCount, trace.otherCount]).toEqual([1, 1])
  })
})

describe("nginx's log", () => {
  it('of a real mail proxy becomes its sessions', () => {
    const { trace, lines } = traceOf(nginxReader(), sample('nginx-mail.txt'), nginxSilenceMs)
    expect(lines.filter(([kind]) => kind === 'o')).toHaveLength(7)
    expect(lines.filter(([kind]) => kind === 'c')).toHaveLength(7)
    expect(lines.filter(([kind]) => kind === 'u').map(([, , , user]) => user)).toEqual(['alice'])
    expect([...trace.listens.keys()]).toEqual([
      '127.0.0.1:6143',
      '127.0.0.1:6110',
      '127.0.0.1:6125',
    ])
    expect(trace.strangeCount).toBe(0)
  })

  it('knows who limit_conn refused, and ends whoever leaves without a word', () => {
    const at = (time: string, text: string): string =>
      `2026/11/22 02:23:${time} [info] 9#9: ${text}\n`
    const where = 'client: 192.0.2.1, server: 0.0.0.0:143, login: "u@d"'
    const { trace, lines } = traceOf(
      nginxReader(),
      at('00', '*4 client 192.0.2.1:5000 connected to 0.0.0.0:143') +
        at('01', '*5 client [2001:db8::1]:5000 connected to 0.0.0.0:143') +
        at('02', `*4 limiting connections by zone "user", ${where}`) +
        '2026/11/22 02:30:00 [info] 9#9: *6 client 192.0.2.9:1 connected to 0.0.0.0:143\n',
      nginxSilenceMs,
    )
    expect(lines).toEqual([
      ['o', 0, 1, 0, '192.0.2.1'],
      ['o', 1000, 2, 0, '2001:db8::1'],
      ['r', 2000, 1, 0, '192.0.2.1', 0, 0, 'u@d'],
      ['c', 61_000, 2, 0, 60_000],
      ['o', 420_000, 3, 0, '192.0.2.9'],
    ])
    expect([trace.silentCount, trace.refusedCount]).toEqual([1, 1])
  })
})
