// The conformance cases of freenginx's limit_conn that login-limits.test.ts leaves: no login at all,
// several workers, Unix sockets and IPv6, zones changed by a reload, a killed daemon. In nginx's
// language. Where a rule of docs/semantics.md differs, the test says its number.

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Client } from './kit/client.ts'
import { loginLines, password } from './kit/login-gate.ts'
import { NginxGate } from './kit/nginx-gate.ts'
import { freePort } from './kit/ports.ts'
import { until } from './kit/until.ts'

const users = 'limit_conn_zone $remote_user zone=user:1m;'
const addresses = 'limit_conn_zone $remote_addr zone=addr:1m;'
const one = `${users} limit_conn user 1;`

/** Says MAIL and RCPT where no login is asked for, and reads what comes of it. */
async function sendsMail(gate: NginxGate): Promise<{ client: Client; replies: string[] }> {
  const client = await gate.greeted('smtp')
  const replies: string[] = []
  for (const line of ['HELO me.test', 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>']) {
    replies.push(await client.command(line))
  }
  return { client, replies }
}

describe('mail without a login', () => {
  it('freenginx case 09: is limited by address at RCPT, and logged without a login', async () => {
    const gate = await NginxGate.start({
      mail: `smtp_auth none; ${addresses} limit_conn addr 1;`,
    })
    const first = await sendsMail(gate)
    expect(first.replies).toEqual([
      '250 mx.test\r\n',
      '250 2.0.0 OK\r\n',
      '250 2.0.0 upstream did RCPT\r\n',
    ])
    const second = await sendsMail(gate)
    expect(second.replies).toEqual([
      '250 mx.test\r\n',
      '250 2.0.0 OK\r\n',
      '454 4.7.0 Too many connections\r\n',
    ])
    await second.client.over()
    const [line] = await gate.logs(/^.*limiting connections.*$/m)
    const server = `127.0.0.1:${gate.ports.smtp}`
    expect(line.slice(line.indexOf(' limiting') + 1)).toBe(
      `limiting connections by zone "addr", client: 127.0.0.1, server: ${server}`,
    )
    expect(first.client.isLive).toBe(true)
  })

  it('freenginx case 10: has an empty user, who is not limited, and not logged', async () => {
    const gate = await NginxGate.start({ mail: `smtp_auth none; ${one}` })
    for (let count = 0; count < 3; count += 1) {
      const { replies } = await sendsMail(gate)
      expect(replies[2]).toBe('250 2.0.0 upstream did RCPT\r\n')
    }
    expect(await gate.used('user')).toEqual({})
    expect(gate.log).not.toContain('limiting')
  })
})

describe('many at once', () => {
  it.each([2, 1])('freenginx case 20: %d workers let in exactly three of twelve', async (count) => {
    const gate = await NginxGate.start({
      main: `worker_processes ${count};`,
      mail: `${users} limit_conn user 3;`,
    })
    const clients = Array.from({ length: 12 }, () => gate.connect('imap'))
    await until('all greetings', () => clients.every((client) => client.isGreeted))
    for (const client of clients) client.send(loginLines('imap', 'u'))
    await until('all answers', () => clients.every((client) => /^t1 /m.test(client.text)))
    const admitted = clients.filter((client) => client.text.includes('t1 OK'))
    const refused = clients.filter((client) => client.text.includes('t1 NO [UNAVAILABLE]'))
    expect([admitted.length, refused.length]).toEqual([3, 9])
    expect(await gate.used('user')).toEqual({ u: 3 })
  })
})

describe('where clients come from', () => {
  it('freenginx case 27: is unix: for a Unix socket, and ::1 for IPv6', async () => {
    const port = await freePort()
    const gate = await NginxGate.start({
      mail: `${addresses} limit_conn addr 1;`,
      imap: `listen unix:{dir}/imap.sock; listen [::1]:${port};`,
    })
    const targets = [{ path: join(gate.folder, 'imap.sock') }, { host: '::1', port }]
    for (const target of targets) {
      await gate.admits('imap', 'u', { target })
      await gate.refuses('imap', 'v', { target })
    }
    expect(await gate.used('addr')).toEqual({ 'unix:': 1, '::1': 1 })
    await gate.logs(
      /limiting connections by zone "addr", client: unix:, server: unix:\S+imap\.sock/,
    )
    await gate.logs(/limiting connections by zone "addr", client: ::1, server: \[::1\]:\d+, login/)
  })
})

describe('a reload', () => {
  it('freenginx case 29: with another size of the zone forgets no session (S19)', async () => {
    const gate = await NginxGate.start({ mail: one })
    const held = await gate.admits('imap', 'u')
    await gate.reload({ mail: 'limit_conn_zone $remote_user zone=user:2m; limit_conn user 1;' })
    await gate.refuses('imap', 'u')
    expect(await gate.used('user')).toEqual({ u: 1 })
    await held.close()
    await gate.holds(0)
    await gate.admits('imap', 'u')
  })
})

describe('a daemon that is killed', () => {
  it('freenginx case 33: leaves no count behind (S20)', async () => {
    const gate = await NginxGate.start({ mail: `${users} limit_conn user 2;` })
    const lost = [await gate.admits('imap', 'u'), await gate.admits('pop3', 'u')]
    await gate.killAndRestart()
    await Promise.all(lost.map((client) => client.over()))
    expect(await gate.used('user')).toEqual({})
    await gate.admits('imap', 'u')
    await gate.admits('smtp', 'u')
    await gate.refuses('pop3', 'u')
    expect(gate.log).not.toContain(password)
  })
})

describe('the end of a daemon', () => {
  it('freenginx case 32: by QUIT with worker_shutdown_timeout ends the relayed, and leaves who has not logged in its time', async () => {
    const gate = await NginxGate.start({
      main: 'worker_shutdown_timeout 1s;',
      mail: 'timeout 4s;',
    })
    const relayed = await gate.admits('imap', 'u')
    const idle = await gate.greeted('imap')
    const startMs = performance.now()
    gate.signal('SIGQUIT')
    await relayed.over()
    // A timer may fire a little early by its own clock.
    expect(performance.now() - startMs).toBeGreaterThan(900)
    expect(relayed.text).toBe('* OK IMAP4 ready\r\nt1 OK upstream login\r\n')
    expect(idle.isLive).toBe(true)
    await idle.over()
    expect(await gate.ended()).toEqual({ code: 0, signal: null })
    const server = `127\\.0\\.0\\.1:${gate.ports.imap}`
    await gate.logs(
      new RegExp(
        `\\[info\\] .*: \\*1 shutdown timeout while proxying, client: 127\\.0\\.0\\.1, server: ${server}, login: "u", upstream: 127`,
      ),
    )
    await gate.logs(
      new RegExp(
        `client timed out \\(110: Connection timed out\\) while in auth state, client: 127\\.0\\.0\\.1, server: ${server}$`,
        'm',
      ),
    )
  })
})
