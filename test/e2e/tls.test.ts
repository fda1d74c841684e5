// TLS through the built program, with openssl's client: certificates by name, STARTTLS, ALPN, client
// certificates, what -t says, and a reload.

import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { FakeAuth } from '../kit/login-servers.ts'
import { Pki } from '../kit/pki.ts'
import { freePort } from './kit/ports.ts'
import { Program, runProgram } from './kit/process.ts'
import { until } from './kit/until.ts'

let pki: Pki

beforeAll(() => {
  pki = new Pki(mkdtempSync(join(tmpdir(), 'postern-tls-')))
  pki.make('a', { names: ['a.example'] })
  pki.make('b', { names: ['b.example'] })
  pki.make('later', { names: ['b.example'] })
  pki.make('over', { days: -1 })
  pki.make('closed', { passphrase: 'open sesame' })
  pki.make('root', { isAuthority: true })
  pki.make('client', { issuer: 'root' })
  writeFileSync(pki.path('wrong.pass'), 'sesame\n')
})

afterAll(() => rmSync(pki.directory, { recursive: true, force: true }))

interface Gate {
  readonly program: Program
  readonly implicit: number
  readonly starttls: number
  readonly auth: FakeAuth
  readonly log: () => string
}

async function startGate(directives: string): Promise<Gate> {
  const [implicit, starttls] = [await freePort(), await freePort()]
  const auth = await FakeAuth.start(() => ({ 'Auth-Status': 'no such user' }))
  const text = `pid ${pki.path('postern.pid')};
error_log ${pki.path('error.log')} info;
events { }
mail {
  auth_http 127.0.0.1:${auth.port}/auth;
  ${directives}
  server { protocol imap; listen 127.0.0.1:${implicit} ssl; }
  server { protocol imap; listen 127.0.0.1:${starttls}; starttls only; }
}
`
  writeFileSync(pki.path('postern.conf'), text)
  writeFileSync(pki.path('error.log'), '')
  // Elsewhere than where it runs: nginx's paths are beside the configuration.
  const program = new Program(['-c', pki.path('postern.conf')], { cwd: tmpdir() })
  onTestFinished(async () => {
    auth.close()
    program.signal('SIGTERM')
    await program.ended()
  })
  const log = (): string => readFileSync(pki.path('error.log'), 'utf8')
  await until(
    () => `ready in ${log()}${program.stderr}`,
    () => log().includes('ready, revision 1'),
  )
  return { program, implicit, starttls, auth, log }
}

/** What openssl's client prints; it says something to the server first. */
function sClient(port: number, words: readonly string[], said = 'a LOGOUT\r\n'): Promise<string> {
  return new Promise((resolve) => {
    const all = ['s_client', '-connect', `127.0.0.1:${port}`, '-quiet', '-ign_eof', ...words]
    const child = spawn('openssl', all)
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.on('close', () => resolve(text))
    child.stdin.on('error', () => {})
    child.stdin.write(said)
  })
}

const two =
  'ssl_certificate a.pem; ssl_certificate_key a.key; ssl_certificate b.pem; ssl_certificate_key b.key;'

describe('a gate with certificates for two names', () => {
  it("shows openssl's client the one it asks for, at once and after STARTTLS", async () => {
    const { implicit, starttls } = await startGate(two)
    for (const [name, asked] of [
      ['a', ['-noservername']],
      ['a', ['-servername', 'a.example']],
      ['b', ['-servername', 'b.example']],
      ['a', ['-servername', 'c.example']],
    ] as const) {
      const text = await sClient(implicit, asked)
      expect(text).toContain(`CN = ${name}\n`)
      expect(text).toContain('* OK IMAP4 ready')
      expect(text).toContain('a OK completed')
      expect(await sClient(starttls, [...asked, '-starttls', 'imap'])).toContain(`CN = ${name}\n`)
    }
  })

  it('agrees on its own protocol, and on no other', async () => {
    const { implicit, log } = await startGate(two)
    expect(await sClient(implicit, ['-alpn', 'imap'])).toContain('a OK completed')
    expect(await sClient(implicit, ['-alpn', 'h2'])).toContain('alert no application protocol')
    expect(log()).toContain('SSL routines::no application protocol) while SSL handshaking')
  })

  it('takes new ones by a reload; the sessions of before go on', async () => {
    copyFileSync(pki.path('b.pem'), pki.path('now.pem'))
    copyFileSync(pki.path('b.key'), pki.path('now.key'))
    const gate = await startGate(two.replaceAll(' b.', ' now.'))
    const asked = ['-servername', 'b.example'] as const
    const before = connect({
      port: gate.implicit,
      servername: 'b.example',
      rejectUnauthorized: false,
    })
    onTestFinished(() => void before.destroy())
    let read = ''
    before.on('data', (chunk: Buffer) => (read += chunk.toString()))
    await until('a greeting', () => read.includes('ready'))
    copyFileSync(pki.path('later.pem'), pki.path('now.pem'))
    gate.program.signal('SIGHUP')
    await until(gate.log, () => gate.log().includes('stays in force'))
    expect(gate.log()).toMatch(
      /\[emerg\].*ssl_certificate_key: the key in ".*now\.key" does not belong/,
    )
    expect(await sClient(gate.implicit, asked)).toContain('CN = b\n')
    copyFileSync(pki.path('later.key'), pki.path('now.key'))
    gate.program.signal('SIGHUP')
    await until(gate.log, () => gate.log().includes('reload done, revision 2'))
    expect(await sClient(gate.implicit, asked)).toContain('CN = later\n')
    before.write('b NOOP\r\n')
    await until('an answer', () => read.endsWith('b OK completed\r\n'))
  })
})

describe('a gate that asks for certificates', () => {
  it('tells those without one, and tells the auth server of the others', async () => {
    const verify = 'ssl_verify_client on; ssl_client_certificate root.pem;'
    const { implicit, starttls, auth } = await startGate(`${two} ${verify}`)
    const own = ['-cert', pki.path('client.pem'), '-key', pki.path('client.key')]
    expect(await sClient(implicit, [])).toContain('* BYE No required SSL certificate')
    expect(await sClient(starttls, ['-starttls', 'imap'])).toContain('No required SSL certificate')
    const said = 'a LOGIN u p\r\n'
    expect(await sClient(implicit, own, said)).toContain('a NO no such user')
    expect(await sClient(starttls, [...own, '-starttls', 'imap'], said)).toContain('a NO')
    expect(auth.asked.map(({ headers }) => headers.get('auth-ssl-verify'))).toEqual([
      'SUCCESS',
      'SUCCESS',
    ])
  })
})

describe('-t', () => {
  async function tested(directives: string): Promise<{ code: number | null; stderr: string }> {
    const listens = 'server { protocol imap; listen 127.0.0.1:1993 ssl; }'
    const text = `events { }\nmail {\n  auth_http 127.0.0.1:9;\n  ${directives}\n  ${listens}\n}\n`
    writeFileSync(pki.path('test.conf'), text)
    const words = ['-t', '-c', pki.path('test.conf'), '-p', pki.directory]
    const { code, stderr } = await runProgram(words, { cwd: tmpdir() })
    return { code, stderr: stderr.replaceAll(`${pki.directory}/`, '') }
  }

  it('names the file and the line of what is wrong, and exits with 1', async () => {
    const wrong = [
      [
        'ssl_certificate absent.pem; ssl_certificate_key a.key;',
        'ssl_certificate: cannot read "absent.pem" (2: No such file or directory) (test.conf:4)',
      ],
      [
        'ssl_certificate a.pem; ssl_certificate_key b.key;',
        'ssl_certificate_key: the key in "b.key" does not belong to the certificate in "a.pem" (test.conf:4)',
      ],
      [
        'ssl_certificate closed.pem; ssl_certificate_key closed.key; ssl_password_file wrong.pass;',
        'ssl_certificate_key: the key in "closed.key" cannot be read (none of the 1 passphrases in "wrong.pass" opens it) (test.conf:4)',
      ],
      [
        'ssl_certificate a.pem; ssl_certificate_key a.key; ssl_crl a.pem;',
        'ssl_crl: "a.pem" holds no list of revoked certificates (X509 CRL) (test.conf:4)',
      ],
    ] as const
    for (const [directives, text] of wrong) {
      const { code, stderr } = await tested(directives)
      expect(stderr).toContain(text)
      expect(stderr).toContain('test failed')
      expect(code).toBe(1)
    }
  })

  it('warns of a certificate that is out of date, and exits with 0', async () => {
    const { code, stderr } = await tested('ssl_certificate over.pem; ssl_certificate_key over.key;')
    expect(stderr).toContain(
      'warning: ssl_certificate "over.pem": the certificate of CN=over has expired',
    )
    expect(code).toBe(0)
  })
})
