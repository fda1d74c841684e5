// A server's own certificates: which one a client is shown, and what is said of files that do not
// hold what they should.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  atCleanUp,
  cleanUp,
  Client,
  connectClient,
  createRig,
  rigPolicy,
  span,
  startRig,
  startUpstream,
  to,
  until,
} from '../../../test/kit/gateway-rig.ts'
import type { Rig, Values } from '../../../test/kit/gateway-rig.ts'
import { ManualClock } from '../../../test/kit/manual-clock.ts'
import { Pki } from '../../../test/kit/pki.ts'
import type { FileListValue } from '../../policy/options.ts'

afterEach(cleanUp)

let pki: Pki

beforeAll(() => {
  pki = new Pki(mkdtempSync(join(tmpdir(), 'postern-pki-')))
  pki.make('a-rsa', { names: ['a.example'], keyType: 'rsa' })
  pki.make('a-ec', { names: ['a.example', 'also-a.example'] })
  pki.make('b-rsa', { names: ['b.example'], keyType: 'rsa' })
  pki.make('wild', { names: ['*.w.example'], keyType: 'rsa' })
  pki.make('exact', { names: ['x.w.example'], keyType: 'rsa' })
  pki.make('common', { subject: '/O=Example/CN=common.example', keyType: 'rsa' })
  pki.make('closed', { passphrase: 'open sesame' })
  pki.make('over', { days: -1 })
  writeFileSync(pki.path('junk'), 'junk')
  writeFileSync(
    pki.path('broken.pem'),
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  )
  writeFileSync(pki.path('wrong.pass'), 'sesame\nopen\n')
  writeFileSync(pki.path('right.pass'), 'wrong\nopen sesame\r\n')
  writeFileSync(pki.path('short.ticket'), 'x'.repeat(47))
})

afterAll(() => rmSync(pki.directory, { recursive: true, force: true }))

function filesOf(...names: readonly string[]): FileListValue {
  // Each stands in a line of its own, so that an error can be seen to name the right one.
  const files = names.map((name, index) => ({
    value: pki.path(name),
    span: { ...span, line: 100 + index },
  }))
  return { files }
}

function pairs(...names: readonly string[]): Values {
  return {
    tlsCertificate: filesOf(...names.map((name) => `${name}.pem`)),
    tlsKey: filesOf(...names.map((name) => `${name}.key`)),
  }
}

const listens = { '127.0.0.1:0': {} }

async function rigOf(options: Values, clock?: ManualClock): Promise<Rig> {
  const upstream = await startUpstream()
  const all = { ...to(upstream), useTls: true, ...options }
  return startRig(rigPolicy({ options: all, listens }), clock)
}

function secureClient(rig: Rig, options: ConnectionOptions = {}): Client {
  const port = rig.port()
  return new Client(connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }))
}

/** The file that the server's certificate is from. */
function shown(client: Client): string | undefined {
  const name = (client.socket as TLSSocket).getPeerCertificate().subject.CN // all of them are TLS
  return Array.isArray(name) ? name[0] : name
}

async function shownTo(rig: Rig, options: ConnectionOptions): Promise<string | undefined> {
  const client = secureClient(rig, options)
  await until(() => client.text === '220 ready\r\n')
  const name = shown(client)
  client.socket.destroy()
  return name
}

const ecOnly: ConnectionOptions = { sigalgs: 'ECDSA+SHA256' }
const rsaOnly: ConnectionOptions = { sigalgs: 'rsa_pss_rsae_sha256:RSA+SHA256' }

describe('certificates of several kinds of key', () => {
  it('are chosen by what the client can use', async () => {
    const rig = await rigOf(pairs('a-rsa', 'a-ec'))
    expect(await shownTo(rig, rsaOnly)).toBe('a-rsa')
    expect(await shownTo(rig, { sigalgs: 'ECDSA+SHA256' })).toBe('a-ec')
  })

  it('may hold their keys themselves', async () => {
    for (const name of ['a-rsa', 'a-ec']) {
      writeFileSync(pki.path(`${name}.both`), pki.text(`${name}.pem`) + pki.text(`${name}.key`))
    }
    const rig = await rigOf({ tlsCertificate: filesOf('a-rsa.both', 'a-ec.both') })
    expect(await shownTo(rig, { sigalgs: 'ECDSA+SHA256' })).toBe('a-ec')
  })
})

describe('certificates of several names', () => {
  const all = ['a-rsa', 'a-ec', 'wild', 'b-rsa', 'exact', 'common']
  const cases: readonly (readonly [string | undefined, ConnectionOptions, string])[] = [
    ['a.example', ecOnly, 'a-ec'],
    ['A.EXAMPLE', rsaOnly, 'a-rsa'],
    ['also-a.example', {}, 'a-ec'],
    // Nothing of another name is shown, though its kind of key would suit the client better.
    ['b.example', {}, 'b-rsa'],
    ['any.w.example', {}, 'wild'],
    ['x.w.example', {}, 'exact'],
    ['common.example', {}, 'common.example'],
    // A star is one label; whom no certificate is for gets the first ones.
    ['x.y.w.example', rsaOnly, 'a-rsa'],
    ['w.example', rsaOnly, 'a-rsa'],
    ['nobody.example', ecOnly, 'a-ec'],
    [undefined, rsaOnly, 'a-rsa'],
  ]
  for (const [servername, options, expected] of cases) {
    it(`show ${expected} to a client that asks for ${servername ?? 'none'}`, async () => {
      const rig = await rigOf(pairs(...all))
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const asked = servername === undefined ? {} : { servername }
        expect(await shownTo(rig, { ...options, ...asked, maxVersion })).toBe(expected)
      }
    })
  }

  it('are chosen for a refused client, too, whose line goes inside TLS', async () => {
    const rig = await rigOf({ ...pairs('a-rsa', 'b-rsa'), serviceSessions: { capMax: 1 } })
    const first = secureClient(rig, { servername: 'b.example' })
    await until(() => first.text === '220 ready\r\n')
    const second = secureClient(rig, { servername: 'b.example' })
    let name: string | undefined
    second.socket.once('secureConnect', () => (name = shown(second)))
    await until(() => second.hasEnded || second.hasClosed)
    expect(second.text).toMatch(/^421 4\.4\.5 /)
    expect(name).toBe('b-rsa')
    const silent = await connectClient(rig.port(), '\u0016\u0003\u0001')
    await until(() => rig.gateway.stats().refusalsLingering > 0)
    silent.socket.end()
    await until(() => rig.gateway.stats().refusalsLingering === 0)
    expect(silent.text).toBe('')
  })

  it('follow a PROXY header that comes in one piece with the handshake', async () => {
    const rig = await rigOf({ ...pairs('a-rsa', 'b-rsa'), proxyProtocol: true })
    const raw = connectPlain({ port: rig.port(), host: '127.0.0.1' })
    await once(raw, 'connect')
    raw.cork()
    raw.write('PROXY TCP4 192.0.2.7 192.0.2.9 4000 465\r\n')
    const options = { socket: raw, servername: 'b.example', rejectUnauthorized: false }
    const client = new Client(connect(options))
    process.nextTick(() => raw.uncork())
    await until(() => client.text === '220 ready\r\n')
    expect(shown(client)).toBe('b-rsa')
  })

  it('wait for the name no longer than for the handshake, and notice who leaves', async () => {
    const clock = new ManualClock()
    const rig = await rigOf(pairs('a-rsa', 'b-rsa'), clock)
    const slow = await connectClient(rig.port(), '\u0016\u0003')
    const leaving = await connectClient(rig.port(), '\u0016')
    const plain = await connectClient(rig.port(), 'EHLO plain\r\n')
    await until(() => plain.hasEnded || plain.hasClosed)
    await until(() => rig.engine.snapshot().sessionsActive === 2)
    leaving.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 1)
    clock.advance(30_200)
    await until(() => slow.hasEnded || slow.hasClosed)
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })
})

describe('a key with a passphrase', () => {
  it('is opened by whichever line of the file is right', async () => {
    const rig = await rigOf({
      ...pairs('closed'),
      tlsPasswordFile: { path: pki.path('right.pass') },
    })
    expect(await shownTo(rig, {})).toBe('closed')
  })
})

describe('what is wrong with a file', () => {
  const cert = (name: string): Values => ({ tlsCertificate: filesOf(name) })
  const wrong: readonly (readonly [string, () => Values, string, number])[] = [
    [
      'a certificate that is not there',
      () => cert('absent'),
      'TLS_Certificate: cannot read "absent" (2: No such file or directory) (rig.conf:100)',
      100,
    ],
    [
      'a certificate that is none',
      () => cert('junk'),
      'TLS_Certificate: "junk" holds no certificate (rig.conf:100)',
      100,
    ],
    [
      'a certificate that is broken',
      () => cert('broken.pem'),
      'TLS_Certificate: the certificate in "broken.pem" cannot be read',
      100,
    ],
    [
      'a certificate without a key',
      () => cert('a-ec.pem'),
      'TLS_Certificate: "a-ec.pem" holds no private key (rig.conf:100)',
      100,
    ],
    [
      'a key of another certificate',
      () => ({
        tlsCertificate: filesOf('a-ec.pem', 'b-rsa.pem'),
        tlsKey: filesOf('a-ec.key', 'a-rsa.key'),
      }),
      'TLS_Key: the key in "a-rsa.key" does not belong to the certificate in "b-rsa.pem" (rig.conf:101)',
      101,
    ],
    [
      'a key too few',
      () => ({ tlsCertificate: filesOf('a-ec.pem', 'b-rsa.pem'), tlsKey: filesOf('a-ec.key') }),
      'TLS_Key: 1 keys for 2 certificates (rig.conf:7)',
      7,
    ],
    [
      'a key with a passphrase nobody knows',
      () => pairs('closed'),
      'TLS_Key: the key in "closed.key" cannot be read (it has a passphrase, and no TLS_Password_File is set) (rig.conf:100)',
      100,
    ],
    [
      'a wrong passphrase',
      () => ({ ...pairs('closed'), tlsPasswordFile: { path: pki.path('wrong.pass') } }),
      'TLS_Key: the key in "closed.key" cannot be read (none of the 2 passphrases in "wrong.pass" opens it) (rig.conf:100)',
      100,
    ],
    [
      'a missing file of passphrases',
      () => ({ ...pairs('closed'), tlsPasswordFile: { path: pki.path('absent') } }),
      'TLS_Password_File: cannot read "absent"',
      7,
    ],
    [
      'a CA that is none',
      () => ({ ...pairs('a-ec'), tlsClientCa: { path: pki.path('junk') } }),
      'TLS_Client_CA: "junk" holds no certificate (rig.conf:7)',
      7,
    ],
    [
      'a CRL that is none',
      () => ({ ...pairs('a-ec'), tlsCrl: { path: pki.path('a-ec.pem') } }),
      'TLS_CRL: "a-ec.pem" holds no list of revoked certificates (X509 CRL) (rig.conf:7)',
      7,
    ],
    [
      'a ticket key of no size',
      () => ({ ...pairs('a-ec'), tlsTicketKey: filesOf('short.ticket') }),
      'TLS_Session_Ticket_Key: "short.ticket" must be 48 or 80 bytes (rig.conf:100)',
      100,
    ],
    [
      'a curve that is none',
      () => ({ ...pairs('a-ec'), tlsCurves: 'P-255' }),
      'TLS_EC_Curve_Names: the TLS library does not take it',
      7,
    ],
    [
      'ciphers that are none',
      () => ({ ...pairs('a-ec'), tlsCiphers: 'NONE-SUCH' }),
      'TLS_Ciphers: the TLS library does not take it (no cipher match) (rig.conf:7)',
      7,
    ],
    [
      'signatures that are none',
      () => ({ ...pairs('a-ec'), tlsSignatureAlgorithms: 'X+Y' }),
      'TLS_Signature_Algorithms: the TLS library does not take it',
      7,
    ],
    [
      'parameters that are none',
      () => ({ ...pairs('a-ec'), tlsDhParams: pki.path('junk') }),
      'TLS_DHParams_File: "junk" holds no DH PARAMETERS (rig.conf:7)',
      7,
    ],
  ]
  for (const [what, options, text, line] of wrong) {
    it(`is said at once, with its place: ${what}`, async () => {
      const upstream = await startUpstream()
      const all = { ...to(upstream), useTls: true, ...options() }
      const rig = createRig(rigPolicy({ options: all, listens }))
      const error: unknown = await rig.gateway.start().catch((cause: unknown) => cause)
      const said = error instanceof Error ? error.message.replaceAll(`${pki.directory}/`, '') : ''
      expect(said.slice(0, text.length)).toBe(text)
      expect(error).toMatchObject({ fields: { file: 'rig.conf', line } })
      expect(said).not.toMatch(/sesame/)
    })
  }

  it('is a warning when it is only out of date, at each start', async () => {
    const rig = await rigOf({ ...pairs('over'), tlsClientCa: { path: pki.path('over.pem') } })
    const warnings = rig.log.texts.filter((text) => text.startsWith('warn: '))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(
      /TLS_Certificate ".*over\.pem": the certificate of CN=over has expired \(.*GMT\) \(rig\.conf:100\)$/,
    )
  })

  it('goes by the names of the language that the policy was written in', async () => {
    const upstream = await startUpstream()
    const policy = rigPolicy({
      options: { ...to(upstream), useTls: true, ...cert('junk') },
      listens,
    })
    const rig = createRig({ ...policy, dialect: 'nginx' })
    await expect(rig.gateway.start()).rejects.toThrow('ssl_certificate: ')
  })
})

describe('a reload', () => {
  it('brings new certificates for names, and leaves sessions theirs', async () => {
    const upstream = await startUpstream()
    const policyOf = (...names: string[]) =>
      rigPolicy({ options: { ...to(upstream), useTls: true, ...pairs(...names) }, listens })
    const rig = await startRig(policyOf('a-rsa', 'b-rsa'))
    const before = secureClient(rig, { servername: 'x.w.example' })
    await until(() => before.text === '220 ready\r\n')
    const half = await connectClient(rig.port(), '\u0016')
    await until(() => rig.engine.snapshot().sessionsActive === 2)
    await rig.gateway.reload(policyOf('a-rsa', 'exact'))
    expect(await shownTo(rig, { servername: 'x.w.example' })).toBe('exact')
    before.socket.write('NOOP\r\n')
    await until(() => upstream.received.includes('NOOP'))
    expect(shown(before)).toBe('a-rsa')
    expect(half.hasEnded).toBe(false)
    atCleanUp(() => half.socket.destroy())
  })
})
