// One configuration, one set of clients, Debian's nginx and Postern: what the clients read, what the
// auth server is told of their certificates, and what the log says must be the same.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../e2e/kit/ports.ts'
import { Program } from '../e2e/kit/process.ts'
import { until } from '../e2e/kit/until.ts'
import { FakeAuth } from '../kit/login-servers.ts'
import { Pki } from '../kit/pki.ts'
import { haveDebian } from './debian.ts'

const hasNginx = haveDebian(['nginx', 'openssl'], ['nginx-light', 'libnginx-mod-mail', 'openssl'])
const mailModule = '/usr/lib/nginx/modules/ngx_mail_module.so'

let pki: Pki
let auth: FakeAuth

beforeAll(async () => {
  if (!hasNginx) return
  pki = new Pki(mkdtempSync(join(tmpdir(), 'postern-interop-')))
  pki.make('server', { names: ['gate.example'], keyType: 'rsa' })
  pki.make('root', { isAuthority: true, subject: '/C=DE/O=Root, Inc/CN=The root' })
  pki.make('middle', { isAuthority: true, issuer: 'root' })
  pki.make('low', { isAuthority: true, issuer: 'middle' })
  const odd = '/C=DE/ST=A b/O=Ex, "Inc" <x>; a=b/OU=A+OU=B/CN= käse#x\\+y /emailAddress=a@b'
  pki.make('odd', { issuer: 'root', subject: odd })
  pki.make('one', { issuer: 'middle' })
  pki.make('two', { issuer: 'low' })
  pki.make('gone', { issuer: 'root' })
  pki.make('over', { issuer: 'root', days: -1 })
  pki.make('self', { keyType: 'rsa' })
  pki.revoke('root.crl', 'root', ['gone'])
  auth = await FakeAuth.start(() => ({ 'Auth-Status': 'no' }))
})

afterAll(() => {
  if (!hasNginx) return
  auth.close()
  rmSync(pki.directory, { recursive: true, force: true })
})

interface Server {
  readonly implicit: number
  readonly starttls: number
  /** Lines of its log about certificates and handshakes, without time and number. */
  lines(): readonly string[]
  end(): Promise<void>
}

type Start = (directives: string) => Promise<Server>

async function configure(name: string, directives: string) {
  const implicit = await freePort()
  const starttls = await freePort()
  const text = `pid ${pki.path(`${name}.pid`)};
error_log ${pki.path(`${name}.log`)} info;
events { }
mail {
  auth_http 127.0.0.1:${auth.port}/auth;
  auth_http_pass_client_cert on;
  protocol imap;
  ssl_certificate server.pem;
  ssl_certificate_key server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ${directives}
  server { listen 127.0.0.1:${implicit} ssl; }
  server { listen 127.0.0.1:${starttls}; starttls on; }
}
`
    .replace(/ {2}protocol imap;\n/, '')
    .replaceAll('server {', 'server { protocol imap;')
  writeFileSync(pki.path(`${name}.log`), '')
  const lines = (): string[] =>
    readFileSync(pki.path(`${name}.log`), 'utf8')
      .split('\n')
      .filter((line) => line.includes(' [info] ') && line.includes('certificate'))
      .map((line) => line.replace(/^.*\*\d+ /, '').replace(/:\d+$/, ':PORT'))
  return { implicit, starttls, text, lines }
}

const startNginx: Start = async (directives) => {
  const { text, ...server } = await configure('nginx', directives)
  const module = existsSync(mailModule) ? `load_module ${mailModule};\n` : ''
  writeFileSync(pki.path('nginx.conf'), `${module}daemon off;\nmaster_process off;\n${text}`)
  const words = ['-p', pki.directory, '-c', pki.path('nginx.conf'), '-e', pki.path('nginx.log')]
  const child = spawn('nginx', words, { stdio: 'inherit' })
  await listening(server.implicit)
  const end = (): Promise<void> =>
    new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.kill('SIGTERM')
    })
  return { ...server, end }
}

const startPostern: Start = async (directives) => {
  const { text, ...server } = await configure('postern', directives)
  writeFileSync(pki.path('postern.conf'), text)
  const words = ['-p', tmpdir(), '-c', pki.path('postern.conf')]
  const program = new Program(words, { cwd: tmpdir() })
  await listening(server.implicit)
  const end = async (): Promise<void> => {
    program.signal('SIGTERM')
    await program.ended()
  }
  return { ...server, end }
}

async function listening(port: number): Promise<void> {
  await until(`a listener on ${port}`, async () => {
    const socket = connectPlain(port, '127.0.0.1')
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    return isUp
  })
}

interface Met {
  readonly who: string
  readonly how: string
  /** All that the client read. */
  readonly words: string
  /** What the auth server was told about TLS. */
  readonly told: readonly string[]
}

const hows: readonly (readonly [string, 'implicit' | 'starttls', ConnectionOptions])[] = [
  ['TLS 1.2', 'implicit', { maxVersion: 'TLSv1.2' }],
  ['TLS 1.3', 'implicit', {}],
  ['STARTTLS', 'starttls', {}],
]

async function meet(server: Server, who: string): Promise<Met[]> {
  const met: Met[] = []
  for (const [how, port, options] of hows) {
    const own =
      who === 'nobody' ? {} : { cert: pki.text(`${who}.chain`), key: pki.text(`${who}.key`) }
    const asked = auth.asked.length
    const all = { ...options, ...own, rejectUnauthorized: false }
    const words = await (port === 'implicit'
      ? converse(connect({ port: server.implicit, host: '127.0.0.1', ...all }))
      : converse(await afterStarttls(server.starttls, all)))
    const told = (auth.asked[asked]?.text ?? '')
      .split('\r\n')
      .filter(
        (line) => line.startsWith('Auth-SSL') && !line.startsWith('Auth-SSL-Fingerprint-SHA256'),
      )
    met.push({ who, how, words, told })
  }
  return met
}

/** Logs in, when it may, and reads to the end. */
function converse(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text === '* OK IMAP4 ready\r\n') socket.write('a LOGIN u p\r\n')
    })
    socket.on('close', () => resolve(text))
    socket.on('end', () => socket.end())
  })
}

function afterStarttls(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve) => {
    const plain = connectPlain(port, '127.0.0.1')
    let text = ''
    const onData = (chunk: Buffer): void => {
      text += chunk.toString()
      if (text === '* OK IMAP4 ready\r\n') plain.write('a STARTTLS\r\n')
      if (!text.endsWith('a OK completed\r\n')) return
      plain.off('data', onData)
      const socket = connect({ socket: plain, ...options })
      // After STARTTLS nobody greets again.
      socket.once('secureConnect', () => socket.write('a LOGIN u p\r\n'))
      resolve(socket)
    }
    plain.on('data', onData)
  })
}

describe.skipIf(!hasNginx)("clients' certificates, at nginx and at Postern", () => {
  const root = 'ssl_client_certificate root.pem;'
  const settings = [
    `ssl_verify_client on; ${root}`,
    `ssl_verify_client on; ssl_verify_depth 2; ${root}`,
    `ssl_verify_client on; ssl_verify_depth 0; ${root}`,
    `ssl_verify_client optional; ssl_verify_depth 3; ${root} ssl_crl root.crl;`,
    'ssl_verify_client optional_no_ca;',
    `ssl_verify_client optional_no_ca; ssl_trusted_certificate root.pem;`,
    `ssl_verify_client off; ${root}`,
  ]
  for (const directives of settings) {
    it(`are worth the same under ${directives}`, async () => {
      const results: Record<string, { met: Met[]; lines: readonly string[] }> = {}
      for (const [name, start] of Object.entries({ nginx: startNginx, postern: startPostern })) {
        const server = await start(directives)
        const met: Met[] = []
        for (const who of ['nobody', 'self', 'odd', 'one', 'two', 'gone', 'over']) {
          met.push(...(await meet(server, who)))
        }
        await server.end()
        results[name] = { met, lines: server.lines() }
      }
      expect(results['nginx']?.met).toHaveLength(21)
      expect(results['postern']).toEqual(results['nginx'])
    })
  }
})
