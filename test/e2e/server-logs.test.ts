// Logs of `mail` and `server`, on the built program: a session writes to its server's, which is
// rotated, replaced by a reload, and may be a syslog server.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NginxGate } from './kit/nginx-gate.ts'
import { until } from './kit/until.ts'

const one = 'limit_conn_zone $remote_user zone=user:1m; limit_conn user 1;'
const limited = /\[error\] \d+#0: \*\d+ limiting connections by zone "user", client: 127\.0\.0\.1,/

/** Waits for a line in a file of the gate. */
async function fileSays(gate: NginxGate, name: string, pattern: RegExp): Promise<string> {
  const path = join(gate.folder, name)
  const read = (): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
  await until(
    () => `${pattern} in ${name}:\n${read()}`,
    () => pattern.test(read()),
  )
  return read()
}

async function syslogServer(): Promise<{ port: number; received: string[] }> {
  const socket = createSocket('udp4')
  const received: string[] = []
  socket.on('message', (message) => received.push(message.toString()))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return { port: socket.address().port, received }
}

describe('the log of a server', () => {
  it('takes the lines of its sessions in place of the outer logs, each at its level', async () => {
    const { port, received } = await syslogServer()
    const gate = await NginxGate.start({
      mail: `${one} error_log mail.log;`,
      imap: `error_log imap.log info; error_log syslog:server=127.0.0.1:${port},tag=nginx;`,
    })
    const held = await gate.admits('imap', 'u')
    await gate.refuses('imap', 'u')
    await gate.refuses('pop3', 'u')
    await held.close()
    const imap = await fileSays(gate, 'imap.log', /proxied session done, client: 127\.0\.0\.1,/)
    expect(imap).toMatch(/\*1 client 127\.0\.0\.1:\d+ connected to 127\.0\.0\.1:\d+\n/)
    expect(imap).toMatch(/client logged in, client: 127\.0\.0\.1,/)
    expect(imap).toMatch(limited)
    expect(imap).not.toContain(`server: 127.0.0.1:${gate.ports.pop3}`)
    // `error` is the level of a log that names none.
    const mail = await fileSays(gate, 'mail.log', limited)
    expect(mail).toContain(`server: 127.0.0.1:${gate.ports.pop3}`)
    expect(mail).not.toMatch(/\[info\]/)
    await until('a datagram', () => received.length > 0)
    expect(received).toHaveLength(1)
    expect(received[0]).toMatch(/^<187>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ nginx: \d{4}\//)
    expect(received[0]).toMatch(limited)
    expect(gate.log).not.toContain('limiting connections')
  })

  it('is opened anew by USR1 and replaced by a reload', async () => {
    const gate = await NginxGate.start({ mail: one, imap: 'error_log imap.log;' })
    const held = await gate.admits('imap', 'u')
    await gate.refuses('imap', 'u')
    await fileSays(gate, 'imap.log', limited)
    renameSync(join(gate.folder, 'imap.log'), join(gate.folder, 'imap.log.1'))
    gate.signal('SIGUSR1')
    await until('the new file', () => existsSync(join(gate.folder, 'imap.log')))
    await gate.refuses('imap', 'u')
    await fileSays(gate, 'imap.log', limited)
    await gate.reload({ imap: 'error_log other.log;' })
    await gate.refuses('imap', 'u')
    await fileSays(gate, 'other.log', limited)
    expect(readFileSync(join(gate.folder, 'imap.log.1'), 'utf8').match(/limiting/g)).toHaveLength(1)
    expect(readFileSync(join(gate.folder, 'imap.log'), 'utf8').match(/limiting/g)).toHaveLength(1)
    await held.close()
  })
})

describe('worker_shutdown_timeout', () => {
  it('freenginx case 32: ends a relayed session after it, one that has not logged in later', async () => {
    const gate = await NginxGate.start({
      main: 'worker_shutdown_timeout 1s;',
      mail: 'timeout 3s;',
    })
    const relayed = await gate.admits('imap', 'u')
    const said = relayed.text
    const idle = await gate.greeted('imap')
    const startMs = performance.now()
    gate.signal('SIGQUIT')
    await relayed.over()
    const relayedMs = performance.now() - startMs
    expect(relayed.text).toBe(said)
    expect(relayedMs).toBeGreaterThan(900)
    await sleep(200)
    expect(idle.isLive).toBe(true)
    await idle.over()
    expect(await gate.ended()).toEqual({ code: 0, signal: null })
    expect(gate.log).toMatch(
      /\[info\] \d+#0: \*\d+ shutdown timeout while proxying, client: 127\.0\.0\.1, server: 127\.0\.0\.1:\d+, login: "u", upstream: 127\.0\.0\.1:\d+\n/,
    )
  })
})
