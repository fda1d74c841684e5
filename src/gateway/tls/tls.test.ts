// Implicit TLS: handshakes, client certificates, refusals inside TLS, and contexts that cannot be
// made.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { generate } from 'selfsigned'
import type { GenerateResult } from 'selfsigned'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  cleanUp,
  Client,
  connectClient,
  createRig,
  pauseMs,
  rigPolicy,
  span,
  startRig,
  startUpstream,
  temporaryDirectory,
  to,
  until,
} from '../../../test/kit/gateway-rig.ts'
import type { FakeUpstream, Rig, Values } from '../../../test/kit/gateway-rig.ts'
import type { FileListValue } from '../../policy/options.ts'
import { ManualClock } from '../../../test/kit/manual-clock.ts'

afterEach(cleanUp)

const listens = { '127.0.0.1:0': {} }
const line = '421 4.4.5 Service unavailable, concurrency limit reached.\r\n'
let server: GenerateResult
let known: GenerateResult
let stranger: GenerateResult
let directory: string

beforeAll(async () => {
  const make = (name: string): Promise<GenerateResult> =>
    generate([{ name: 'commonName', value: name }], { keySize: 2048 })
  ;[server, known, stranger] = await Promise.all([
    make('server.example'),
    make('known.example'),
    make('stranger.example'),
  ])
})

beforeEach(() => {
  directory = temporaryDirectory()
  writeFileSync(join(directory, 'cert.pem'), server.cert)
  writeFileSync(join(directory, 'key.pem'), server.private)
  writeFileSync(join(directory, 'both.pem'), server.private + server.cert)
  writeFileSync(join(directory, 'ca.pem'), known.cert)
})

const file = (name: string): { path: string } => ({ path: join(directory, name) })
const files = (...names: string[]): FileListValue => ({
  files: names.map((name) => ({ value: join(directory, name), span })),
})

async function tlsRig(options: Values = {}, clock?: ManualClock): Promise<Rig> {
  const upstream = await startUpstream()
  return startRig(rigPolicy({ options: tlsOptions(upstream, options), listens }), clock)
}

function tlsOptions(upstream: FakeUpstream, options: Values = {}): Values {
  return { ...to(upstream), useTls: true, tlsCertificate: files('both.pem'), ...options }
}

function secureClient(rig: Rig, options: ConnectionOptions = {}): Client {
  const port = rig.port()
  const socket: TLSSocket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...options,
  })
  return new Client(socket)
}

describe('implicit TLS', () => {
  it('relays inside TLS, with certificate and key from one file or from two', async () => {
    for (const options of [{}, { tlsCertificate: files('cert.pem'), tlsKey: files('key.pem') }]) {
      const rig = await tlsRig(options)
      const client = secureClient(rig)
      await until(() => client.text === '220 ready\r\n')
      client.socket.end()
      await until(() => rig.engine.snapshot().sessionsActive === 0)
    }
  })

  it('passes large amounts both ways', async () => {
    const upstream = await startUpstream((socket) => socket.pipe(socket))
    const rig = await startRig(rigPolicy({ options: tlsOptions(upstream), listens }))
    const client = secureClient(rig)
    client.socket.write(Buffer.alloc(5_000_000, 'x'))
    await until(() => client.received.length === 5_000_000, 20_000)
    expect(client.received.every((byte) => byte === 0x78)).toBe(true)
  })

  it('follows a PROXY header that comes in one piece with the handshake', async () => {
    const rig = await tlsRig({ proxyProtocol: true })
    const raw = connectPlain({ port: rig.port(), host: '127.0.0.1' })
    await once(raw, 'connect')
    raw.cork()
    raw.write('PROXY TCP4 192.0.2.7 192.0.2.9 4000 465\r\n')
    const client = new Client(connect({ socket: raw, rejectUnauthorized: false }))
    process.nextTick(() => raw.uncork())
    await until(() => client.text === '220 ready\r\n')
    const [session] = rig.engine.sessions()
    expect(session?.address.text).toBe('192.0.2.7')
  })

  it('gives a refused client its line inside TLS', async () => {
    const rig = await tlsRig({ serviceSessions: { capMax: 1 } })
    const first = secureClient(rig)
    await until(() => first.text === '220 ready\r\n')
    const second = secureClient(rig)
    await until(() => second.hasEnded || second.hasClosed)
    expect(second.text).toBe(line)
    expect(rig.engine.snapshot().sessionsActive).toBe(1)
    await until(() => rig.gateway.stats().refusalsLingering === 0)
  })

  it('never writes plain text to a refused client, and gives up its handshake after 3 s', async () => {
    const clock = new ManualClock()
    const rig = await tlsRig({ serviceSessions: { capMax: 1 } }, clock)
    const first = secureClient(rig)
    await until(() => first.text === '220 ready\r\n')
    const plain = await connectClient(rig.port(), 'EHLO plain\r\n')
    await until(() => plain.hasClosed || plain.hasEnded)
    expect(plain.text).not.toMatch(/421|Service/)
    const silent = await connectClient(rig.port())
    await until(() => rig.gateway.stats().refusalsLingering === 1)
    clock.advance(3200)
    await until(() => silent.hasClosed || silent.hasEnded)
    expect(silent.text).toBe('')
  })

  it('refuses at most 64 clients at once inside TLS', async () => {
    const rig = await tlsRig({ serviceSessions: { capMax: 1 } })
    const first = secureClient(rig)
    await until(() => first.text === '220 ready\r\n')
    const silent = await Promise.all(Array.from({ length: 80 }, () => connectClient(rig.port())))
    await until(() => rig.engine.snapshot().refusedTotal === 80)
    await until(() => silent.filter((client) => client.hasEnded).length === 16)
    expect(rig.gateway.stats().refusalsLingering).toBe(64)
    expect(silent.every((client) => client.text === '')).toBe(true)
  })

  it('gives up a handshake after 30 s, and one of a client that leaves or speaks no TLS at once', async () => {
    const clock = new ManualClock()
    const rig = await tlsRig({}, clock)
    const silent = await connectClient(rig.port())
    const leaving = await connectClient(rig.port())
    const plain = await connectClient(rig.port(), 'EHLO plain\r\n')
    await until(() => plain.hasEnded || plain.hasClosed)
    leaving.socket.end()
    await until(() => leaving.hasEnded || leaving.hasClosed)
    await until(() => rig.engine.snapshot().sessionsActive === 1)
    expect(silent.hasEnded).toBe(false)
    clock.advance(30_200)
    await until(() => silent.hasEnded || silent.hasClosed)
    expect(rig.log.texts.some((text) => text.startsWith('info: SSL_do_handshake() failed'))).toBe(
      true,
    )
  })
})

describe('a client certificate', () => {
  const cases = [
    ['none', undefined, true],
    ['none', 'stranger', true],
    ['lenient', undefined, true],
    ['lenient', 'known', true],
    ['lenient', 'stranger', true],
    ['require', undefined, false],
    ['require', 'stranger', false],
    ['require', 'known', true],
  ] as const
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const [mode, who, isWelcome] of cases) {
      const verdict = isWelcome ? 'is welcome' : 'is not let in'
      it(`under ${mode}, ${who ?? 'absent'}, ${verdict} (${version})`, async () => {
        const rig = await tlsRig({ tlsVerifyMode: mode, tlsClientCa: file('ca.pem') })
        const shown = { known, stranger, nobody: undefined }[who ?? 'nobody']
        const client = secureClient(rig, {
          maxVersion: version,
          ...(shown === undefined ? {} : { cert: shown.cert, key: shown.private }),
        })
        await until(() => client.received.length > 0 || client.hasEnded || client.hasClosed)
        expect(client.text).toBe(isWelcome ? '220 ready\r\n' : '')
      })
    }
  }
})

describe('TLS options', () => {
  it('bound the protocols', async () => {
    const rig = await tlsRig({ tlsProtocols: ['TLSv1.2'] })
    const client = secureClient(rig)
    await until(() => client.text === '220 ready\r\n')
    expect((client.socket as TLSSocket).getProtocol()).toBe('TLSv1.2')
    const newer = secureClient(rig, { minVersion: 'TLSv1.3' })
    await until(() => newer.hasClosed)
    expect(newer.error).toBeDefined()
  })

  it('choose ciphers for TLS 1.2 and suites for 1.3, each without taking the other away', async () => {
    const rig = await tlsRig({ tlsCiphers: 'ECDHE-RSA-AES256-GCM-SHA384' })
    const old = secureClient(rig, { maxVersion: 'TLSv1.2' })
    await until(() => old.text === '220 ready\r\n')
    expect((old.socket as TLSSocket).getCipher().name).toBe('ECDHE-RSA-AES256-GCM-SHA384')
    const recent = secureClient(rig)
    await until(() => recent.text === '220 ready\r\n')
    expect((recent.socket as TLSSocket).getProtocol()).toBe('TLSv1.3')
    const other = await tlsRig({ tlsCiphersuites: 'TLS_CHACHA20_POLY1305_SHA256' })
    const chosen = secureClient(other)
    await until(() => chosen.text === '220 ready\r\n')
    expect((chosen.socket as TLSSocket).getCipher().name).toBe('TLS_CHACHA20_POLY1305_SHA256')
    const still = secureClient(other, { maxVersion: 'TLSv1.2' })
    await until(() => still.text === '220 ready\r\n')
  })

  it('do not matter to a broken record: it ends the session', async () => {
    const rig = await tlsRig()
    const raw = connectPlain({ port: rig.port(), host: '127.0.0.1' })
    const client = new Client(connect({ socket: raw, rejectUnauthorized: false }))
    await until(() => client.text === '220 ready\r\n')
    raw.write(
      Buffer.from(
        '17030300205555555555555555555555555555555555555555555555555555555555555555',
        'hex',
      ),
    )
    await until(() => client.hasClosed || client.hasEnded)
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('forbid renegotiation when asked to', async () => {
    for (const isAllowed of [true, false]) {
      const rig = await tlsRig({ tlsAllowRenegotiation: isAllowed })
      const client = secureClient(rig, { maxVersion: 'TLSv1.2' })
      await until(() => client.text === '220 ready\r\n')
      let isDone = false
      const secured = client.socket as TLSSocket
      secured.renegotiate({ rejectUnauthorized: false }, (error) => (isDone = error === null))
      await until(() => isDone || client.hasClosed)
      expect(isDone).toBe(isAllowed)
    }
  })
})

describe('certificates', () => {
  it('that cannot be read or used stop the start, with file and line', async () => {
    writeFileSync(join(directory, 'junk.pem'), 'junk')
    const upstream = await startUpstream()
    const wrong: readonly (readonly [Values, string])[] = [
      [{ tlsCertificate: files('absent.pem') }, 'gateway.tls_file'],
      [{ tlsCertificate: files('junk.pem') }, 'gateway.tls_invalid'],
      [{ tlsClientCa: file('absent.pem') }, 'gateway.tls_file'],
      [{ tlsCertificate: files('cert.pem'), tlsKey: files('ca.pem') }, 'gateway.tls_invalid'],
      [{ tlsCertificate: { files: [] } }, 'gateway.tls_missing'],
      [{ tlsCiphers: 'NO-SUCH-CIPHER' }, 'gateway.tls_invalid'],
    ]
    for (const [options, code] of wrong) {
      const rig = createRig(rigPolicy({ options: tlsOptions(upstream, options), listens }))
      await expect(rig.gateway.start()).rejects.toMatchObject({
        code,
        fields: { file: 'rig.conf', line: 7 },
      })
      expect(rig.gateway.bound()).toEqual([])
    }
  })

  it('are read again by a reload; old sessions keep theirs, and a bad file changes nothing', async () => {
    const upstream = await startUpstream()
    const policy = rigPolicy({ options: tlsOptions(upstream), listens })
    const rig = await startRig(policy)
    const before = secureClient(rig)
    await until(() => before.text === '220 ready\r\n')
    const nameOf = (client: Client): unknown =>
      (client.socket as TLSSocket).getPeerCertificate().subject.CN
    expect(nameOf(before)).toBe('server.example')
    writeFileSync(join(directory, 'both.pem'), 'junk')
    await expect(rig.gateway.reload(policy)).rejects.toMatchObject({ code: 'gateway.tls_invalid' })
    expect(rig.engine.revision).toBe(1)
    const still = secureClient(rig)
    await until(() => still.text === '220 ready\r\n')
    writeFileSync(join(directory, 'both.pem'), known.private + known.cert)
    await rig.gateway.reload(policy)
    const after = secureClient(rig)
    await until(() => after.text === '220 ready\r\n')
    expect(nameOf(after)).toBe('known.example')
    before.socket.write('NOOP\r\n')
    await until(() => upstream.received.toString().includes('NOOP'))
    await pauseMs(20)
    expect(before.hasEnded).toBe(false)
  })
})
