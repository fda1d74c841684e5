// The names of SMTP clients on the built program, against a name server that answers as told.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { FakeDns } from '../kit/dns-server.ts'
import type { DnsScript } from '../kit/dns-server.ts'
import { accept, FakeAuth } from '../kit/login-servers.ts'
import { Client } from './kit/client.ts'
import { LoginGate, loginLines, MailServers } from './kit/login-gate.ts'
import { freePort } from './kit/ports.ts'
import { Program, runProgram } from './kit/process.ts'
import { until } from './kit/until.ts'

async function dns(script: DnsScript): Promise<FakeDns> {
  const server = await FakeDns.start(script)
  onTestFinished(() => server.close())
  return server
}

/** Every client is called mail.example, and is right. */
function good(): DnsScript {
  let value = ''
  return ({ type, name }) => {
    if (type === 'A') return { records: [{ type, value }] }
    if (type !== 'PTR') return {}
    value = name.split('.').slice(0, 4).toReversed().join('.')
    return { records: [{ type, value: 'mail.example' }] }
  }
}

describe('in the language of Momentum', () => {
  const resolver = ({ port }: FakeDns): string => `Resolver = ( "127.0.0.1:${port}" )`

  it('the auth server is told the name, and DNS is asked once for many clients', async () => {
    const server = await dns(good())
    const { auth, login } = await begin(resolver(server))
    await Promise.all(Array.from({ length: 20 }, () => login.admits('smtp', 'u')))
    expect(new Set(auth.asked.map(({ headers }) => headers.get('client-host')))).toEqual(
      new Set(['mail.example']),
    )
    expect(server.asked.map(({ type }) => type).toSorted()).toEqual(['A', 'AAAA', 'PTR'])
  })

  it('a client that leaves while DNS stalls frees its slot at once', async () => {
    const server = await dns(() => undefined)
    const { login } = await begin(resolver(server))
    const clients = Array.from({ length: 10 }, () => login.gate.connect('A@25'))
    await login.gate.counts(10)
    await until('a question', () => server.asked.length > 0)
    const startMs = performance.now()
    for (const client of clients) client.reset()
    await login.gate.counts(0)
    // A busy machine may need a moment; the lookup would have lasted 30 s.
    expect(performance.now() - startMs).toBeLessThan(5000)
  })

  it('a name server that says nothing delays the greeting by Resolver_Timeout, no more', async () => {
    const server = await dns(() => undefined)
    const { auth, login } = await begin(`${resolver(server)} Resolver_Timeout = 1`)
    await login.admits('smtp', 'u')
    expect(auth.asked[0]?.headers.get('client-host')).toBe('[TEMPUNAVAIL]')
    await login.gate.logs(
      /\[error\] .*: \*\d+ 127\S+ could not be resolved \(110: Operation timed out\) while in resolving client address, client: 127\S+, server: /,
    )
  })

  it('a header injection by a PTR record reaches nobody', async () => {
    const server = await dns(({ type }) =>
      type === 'PTR'
        ? { records: [{ type, value: ['evil\r\nAuth-User: root', 'example'] }] }
        : { code: 3 },
    )
    const { auth, login } = await begin(resolver(server))
    await login.admits('smtp', 'u')
    expect(auth.asked[0]?.headers.get('client-host')).toBe('[UNAVAILABLE]')
    expect(auth.asked[0]?.headers.get('auth-user')).toBe('u')
    expect(auth.asked[0]?.text).not.toContain('evil')
    expect(login.gate.log).not.toContain('evil')
  })
})

interface Begun {
  readonly login: LoginGate
  readonly auth: FakeAuth
}

async function begin(smtp: string): Promise<Begun> {
  const login = await LoginGate.start({ smtp })
  return { login, auth: login.auth }
}

describe('in the language of nginx', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-resolver-'))
    return () => rmSync(folder, { recursive: true, force: true })
  })

  it('the auth server is told the name, and a reload asks another resolver', async () => {
    const one = await dns(good())
    const two = await dns(() => ({ code: 3 }))
    const behind = new MailServers()
    await behind.listen()
    const auth = await FakeAuth.start(() => accept(behind.port('smtp')))
    onTestFinished(() => {
      auth.close()
      behind.close()
    })
    const port = await freePort()
    const text = (server: FakeDns): string =>
      `error_log error.log info;\nevents { }\nmail {\n  auth_http 127.0.0.1:${auth.port}/auth;\n` +
      `  resolver 127.0.0.1:${server.port} ipv6=off valid=1h;\n  server { listen 127.0.0.1:${port}; protocol smtp; }\n}\n`
    writeFileSync(join(folder, 'postern.conf'), text(one))
    const daemon = new Program(['-p', folder], { cwd: folder })
    onTestFinished(async () => {
      daemon.signal('SIGKILL')
      await daemon.ended()
    })
    await logged('ready, revision 1')
    await logIn(port)
    writeFileSync(join(folder, 'postern.conf'), text(two))
    daemon.signal('SIGHUP')
    await logged('reload done, revision 2')
    await logIn(port)
    expect(auth.asked.map(({ headers }) => headers.get('client-host'))).toEqual([
      'mail.example',
      '[UNAVAILABLE]',
    ])
    expect(one.questions).toEqual(['PTR 1.0.0.127.in-addr.arpa', 'A mail.example'])
    await logged(
      '127.0.0.1 could not be resolved (3: Host not found) while in resolving client address, client: 127.0.0.1',
    )
  })

  it('-t finds a name server that has no address', async () => {
    const file = join(folder, 'postern.conf')
    writeFileSync(
      file,
      'events { }\nmail {\n  auth_http 127.0.0.1:9000;\n  server { listen 25; resolver no-such-host.invalid; }\n}\n',
    )
    const { code, stderr } = await runProgram(['-t', '-c', file], { cwd: folder })
    expect(stderr).toContain(`host not found in resolver "no-such-host.invalid" in ${file}:4`)
    expect(code).toBe(1)
  }, 30_000)

  async function logIn(port: number): Promise<void> {
    const client = new Client({ target: { host: '127.0.0.1', port } })
    onTestFinished(() => client.reset())
    await client.receives('ESMTP ready')
    client.send(loginLines('smtp', 'u'))
    await client.receives('235 2.0.0 OK')
  }

  async function logged(text: string): Promise<void> {
    await until(
      () => `"${text}" in the log`,
      () => readLog().includes(text),
    )
  }

  function readLog(): string {
    try {
      return readFileSync(join(folder, 'error.log'), 'utf8')
    } catch {
      return '' // not opened yet
    }
  }
})
