// A real Dovecot and a real Postfix behind the gate learn who the client is: by ID in IMAP, by
// XCLIENT in POP3 and SMTP.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client } from '../e2e/kit/client.ts'
import { freePort } from '../e2e/kit/ports.ts'
import { Program } from '../e2e/kit/process.ts'
import { until } from '../e2e/kit/until.ts'
import { haveDebian } from './debian.ts'
import { Dovecot, password } from './dovecot.ts'
import { Postfix } from './postfix.ts'

const isRoot = process.getuid?.() === 0
const packages = ['dovecot-imapd', 'dovecot-pop3d', 'postfix']
const hasAll = isRoot && haveDebian(['dovecot', 'doveadm', 'postfix'], packages)
if (!isRoot) process.stderr.write('\n*** DOVECOT AND POSTFIX NOT RUN: they need root\n\n')

type Service = 'imap' | 'pop3' | 'smtp'

const ends: (() => unknown)[] = []
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-address-'))
})

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
  rmSync(folder, { recursive: true, force: true })
})

/** Sends everybody to one upstream. */
async function startAuthServer(upstream: number): Promise<number> {
  const port = await freePort()
  const server = createServer((_asked: IncomingMessage, response: ServerResponse) => {
    response.setHeader('Auth-Status', 'OK')
    response.setHeader('Auth-Server', '127.0.0.1')
    response.setHeader('Auth-Port', `${upstream}`)
    response.end()
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  ends.push(() => server.close())
  return port
}

const listeners = { imap: 'IMAP', pop3: 'POP3', smtp: 'ESMTP' } as const

async function startGate(service: Service, upstream: number, options: string): Promise<number> {
  const port = await freePort()
  const auth = await startAuthServer(upstream)
  writeFileSync(
    join(folder, 'postern.conf'),
    `PIDFile = "postern.pid"
${listeners[service]}_Listener {
  Auth_HTTP = "http://127.0.0.1:${auth}/"
  ${options}
  Listen "127.0.0.1:${port}" {}
}
`,
  )
  const program = new Program(['-p', folder, '-e', 'stderr'], { cwd: folder })
  ends.push(async () => {
    program.signal('SIGTERM')
    await program.ended()
  })
  await until(
    () => `the pid file; it said ${program.stderr}`,
    () => tryRead(join(folder, 'postern.pid')) !== '',
  )
  return port
}

function tryRead(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** From an address that is the client's alone: the gate itself connects from 127.0.0.1. */
function clientOf(port: number): Client {
  const target = { host: '127.0.0.1', port, localAddress: '127.0.0.66' }
  const client = new Client({ target })
  ends.push(() => client.socket.destroy())
  return client
}

async function startDovecot(trustsLoopback: boolean): Promise<Dovecot> {
  const ports = { imap: await freePort(), pop3: await freePort() }
  const dovecot = new Dovecot(ports, { trustsLoopback })
  ends.push(() => dovecot.stop())
  return dovecot
}

async function logs(log: () => string, what: RegExp): Promise<void> {
  await until(
    () => `${what} in the log: ${log()}`,
    () => what.test(log()),
  )
}

describe.skipIf(!hasAll)('the address of a client that logs in', () => {
  it.each([
    ['believes', true, /imap-login: Info: Login: user=<bob>.*rip=127\.0\.0\.66/],
    ['does not believe', false, /imap-login: Info: Login: user=<bob>.*rip=127\.0\.0\.1,/],
  ])('reaches a Dovecot that %s the gate by ID', async (_how, trustsLoopback, what) => {
    const dovecot = await startDovecot(trustsLoopback)
    const client = clientOf(await startGate('imap', dovecot.ports.imap, 'Upstream_IMAP_ID = true'))
    client.send(`a LOGIN bob ${password}\r\n`)
    await client.receives('Logged in\r\n')
    expect(client.text).not.toContain('* ID')
    await logs(() => dovecot.log(), what)
  })

  it.each([
    ['believes', true, /pop3-login: Info: Login: user=<bob>.*rip=127\.0\.0\.66/],
    ['does not believe', false, /pop3-login: Info: Login: user=<bob>.*rip=127\.0\.0\.1,/],
  ])('reaches a Dovecot that %s the gate by XCLIENT', async (_how, trustsLoopback, what) => {
    const dovecot = await startDovecot(trustsLoopback)
    const options = 'Upstream_XCLIENT = ifavailable'
    const client = clientOf(await startGate('pop3', dovecot.ports.pop3, options))
    client.send(`USER bob\r\nPASS ${password}\r\n`)
    await client.receives('Logged in.\r\n')
    await logs(() => dovecot.log(), what)
  })

  it('reaches a Postfix by XCLIENT, with its port and the login', async () => {
    const postfix = new Postfix(await freePort(), false)
    ends.push(() => postfix.stop())
    const options = 'Upstream_XCLIENT = required'
    const client = clientOf(await startGate('smtp', postfix.port, options))
    client.send('EHLO client.test\r\n')
    client.send(`AUTH PLAIN ${Buffer.from(`\0bob\0${password}`).toString('base64')}\r\n`)
    await client.receives('235 2.0.0 OK\r\n')
    client.send('MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\n')
    await client.receives('250 2.1.5')
    const port = client.socket.localPort
    const what = `client=unknown\\[127\\.0\\.0\\.66\\]:${port}.*sasl_username=bob`
    await logs(() => postfix.log(), new RegExp(what))
  })
})
