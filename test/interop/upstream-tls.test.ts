// TLS from the gate to a real Dovecot and a real Postfix, from the first byte and by STARTTLS: for
// sessions that log in at the gate, and for relays.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Client } from '../e2e/kit/client.ts'
import { freePort } from '../e2e/kit/ports.ts'
import { Program } from '../e2e/kit/process.ts'
import { until } from '../e2e/kit/until.ts'
import { Authority } from '../kit/tls-upstreams.ts'
import type { Identity } from '../kit/tls-upstreams.ts'
import { haveDebian } from './debian.ts'
import { Dovecot, password } from './dovecot.ts'
import { Postfix } from './postfix.ts'

const isRoot = process.getuid?.() === 0
const packages = ['dovecot-imapd', 'dovecot-pop3d', 'postfix']
const hasAll = isRoot && haveDebian(['dovecot', 'doveadm', 'postfix'], packages)
if (!isRoot) process.stderr.write('\n*** DOVECOT AND POSTFIX NOT RUN: they need root\n\n')

const modes = ['on', 'starttls'] as const
const ends: (() => unknown)[] = []
let folder: string
let authority: Authority
let identity: Identity

beforeAll(async () => {
  authority = await Authority.create('Interop Authority')
  identity = await authority.issue({ name: 'mail.test' })
})

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-tls-'))
  writeFileSync(join(folder, 'ca.pem'), authority.cert)
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

/** In nginx's language; `text` stands in the server. */
async function startGate(protocol: 'imap' | 'pop3' | 'smtp', text: string): Promise<Client> {
  const port = await freePort()
  writeFileSync(
    join(folder, 'postern.conf'),
    `pid postern.pid;
events { }
mail {
    proxy_ssl_trusted_certificate ca.pem;
    server { listen 127.0.0.1:${port}; protocol ${protocol}; ${text} }
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
  const client = new Client({ target: { host: '127.0.0.1', port } })
  ends.push(() => client.socket.destroy())
  await until(
    () => `a greeting for ${client.describe()}; the gate said ${program.stderr}`,
    () => client.isGreeted,
  )
  return client
}

function tryRead(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

async function startDovecot(): Promise<{ dovecot: Dovecot; on: Dovecot['ports'] }> {
  const on = { imap: await freePort(), pop3: await freePort() }
  const ports = { imap: await freePort(), pop3: await freePort() }
  const dovecot = new Dovecot(ports, { tls: { ...identity, ports: on } })
  ends.push(() => dovecot.stop())
  return { dovecot, on }
}

async function logs(log: () => string, what: RegExp): Promise<void> {
  await until(
    () => `${what} in the log: ${log()}`,
    () => what.test(log()),
  )
}

const logins = {
  imap: `a LOGIN bob ${password}\r\n`,
  pop3: `USER bob\r\nPASS ${password}\r\n`,
} as const

describe.skipIf(!hasAll)('behind the gate, inside TLS', () => {
  const ways = (['imap', 'pop3'] as const).flatMap((protocol) =>
    modes.map((mode) => [protocol, mode] as const),
  )

  it.each(ways)('Dovecot logs a client in by %s (proxy_ssl %s)', async (protocol, mode) => {
    const { dovecot, on } = await startDovecot()
    const port = mode === 'on' ? on[protocol] : dovecot.ports[protocol]
    const auth = await startAuthServer(port)
    const id = protocol === 'imap' ? 'proxy_imap_id on;' : ''
    const text = `auth_http 127.0.0.1:${auth}; proxy_ssl ${mode}; proxy_ssl_name mail.test; ${id}`
    const client = await startGate(protocol, text)
    client.send(logins[protocol])
    await client.receives('Logged in')
    const what = new RegExp(`${protocol}-login: Info: Login: user=<bob>.*, TLS`)
    await logs(() => dovecot.log(), what)
  })

  it.each(ways)('Dovecot is relayed to by %s (proxy_ssl %s)', async (protocol, mode) => {
    const { dovecot, on } = await startDovecot()
    const port = mode === 'on' ? on[protocol] : dovecot.ports[protocol]
    const text = `proxy_pass 127.0.0.1:${port}; proxy_ssl ${mode}; proxy_ssl_name mail.test;`
    const client = await startGate(protocol, text)
    client.send(logins[protocol])
    await client.receives('Logged in')
    await logs(() => dovecot.log(), /Login: user=<bob>.*, TLS/)
    client.send(protocol === 'imap' ? 'b LOGOUT\r\n' : 'QUIT\r\n')
    await client.over()
  })

  it.each(modes)('Postfix takes a message, with XCLIENT (proxy_ssl %s)', async (mode) => {
    const [plain, wrapped] = [await freePort(), await freePort()]
    const postfix = new Postfix(plain, false, { ...identity, port: wrapped })
    ends.push(() => postfix.stop())
    const port = mode === 'on' ? wrapped : plain
    const text = `proxy_pass 127.0.0.1:${port}; proxy_ssl ${mode}; proxy_ssl_name mail.test; xclient on;`
    const client = await startGate('smtp', text)
    await client.command('EHLO client.test')
    await client.command('MAIL FROM:<a@example.test>')
    await client.command('RCPT TO:<b@example.test>')
    client.send('DATA\r\n')
    await client.receives('354 ')
    client.send('Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n')
    await client.over()
    expect((await postfix.stored(1)).bodies).toEqual(['hello\n'])
    expect(postfix.log()).toMatch(/TLS connection established from .*127\.0\.0\.1/)
    const own = client.text.match(/^250[ -].*$/gm)?.join('\n') ?? ''
    expect(own).not.toContain('STARTTLS')
  })

  it('Postfix takes a login from the gate', async () => {
    const [plain, wrapped] = [await freePort(), await freePort()]
    const postfix = new Postfix(plain, false, { ...identity, port: wrapped })
    ends.push(() => postfix.stop())
    const auth = await startAuthServer(plain)
    const text = `auth_http 127.0.0.1:${auth}; proxy_ssl starttls; proxy_ssl_name mail.test;`
    const client = await startGate('smtp', text)
    await client.command('EHLO client.test')
    await client.command(`AUTH PLAIN ${Buffer.from(`\0bob\0${password}`).toString('base64')}`)
    expect(await client.command('MAIL FROM:<a@example.test>')).toBe('250 2.1.0 Ok\r\n')
    await logs(() => postfix.log(), /TLS connection established/)
  })
})
