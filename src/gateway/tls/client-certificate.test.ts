// Clients' certificates: who may come in, what the others read, and what the auth server is told.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { cleanUp, Client, connectClient, span, until } from '../../../test/kit/gateway-rig.ts'
import type { Values } from '../../../test/kit/gateway-rig.ts'
import { setLoginScene } from '../../../test/kit/login-scene.ts'
import type { LoginSceneOptions } from '../../../test/kit/login-scene.ts'
import { Pki } from '../../../test/kit/pki.ts'
import type { FileListValue, TlsVerifyMode } from '../../policy/options.ts'

afterEach(cleanUp)

let pki: Pki

beforeAll(() => {
  pki = new Pki(mkdtempSync(join(tmpdir(), 'postern-pki-')))
  pki.make('server', { names: ['gate.example'] })
  pki.make('root', { isAuthority: true, subject: '/C=DE/O=Root, Inc/CN=The root' })
  pki.make('middle', { isAuthority: true, issuer: 'root' })
  pki.make('low', { isAuthority: true, issuer: 'middle' })
  pki.make('other-root', { isAuthority: true })
  pki.make('direct', {
    issuer: 'root',
    subject: '/C=DE/O=Ex, "Inc" <x>; a=b/OU=A+OU=B/CN=käse#x\\+y',
  })
  pki.make('one', { issuer: 'middle' })
  pki.make('two', { issuer: 'low' })
  pki.make('gone', { issuer: 'root' })
  pki.make('over', { issuer: 'root', days: -1 })
  pki.make('other', { issuer: 'other-root' })
  pki.make('self')
  pki.revoke('root.crl', 'root', ['gone'])
})

afterAll(() => rmSync(pki.directory, { recursive: true, force: true }))

function tlsOptions(mode: TlsVerifyMode, own: Values = {}): Values {
  const file = (name: string): FileListValue => ({
    files: [{ value: pki.path(name), span }],
  })
  return {
    useTls: true,
    tlsCertificate: file('server.pem'),
    tlsKey: file('server.key'),
    tlsVerifyMode: mode,
    tlsClientCa: { path: pki.path('root.pem') },
    ...own,
  }
}

type Scene = Awaited<ReturnType<typeof setLoginScene>>

async function sceneOf(
  mode: TlsVerifyMode,
  own: Values = {},
  more: LoginSceneOptions = {},
): Promise<Scene> {
  return setLoginScene({ ...more, options: tlsOptions(mode, own) })
}

function comeIn(
  { rig }: Scene,
  shown: string | undefined,
  maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3',
): Client {
  const own =
    shown === undefined ? {} : { cert: pki.text(`${shown}.chain`), key: pki.text(`${shown}.key`) }
  const options = { port: rig.port(), host: '127.0.0.1', rejectUnauthorized: false, maxVersion }
  return new Client(connect({ ...options, ...own }))
}

/** What a client reads first, whatever it is. */
async function firstWords(
  scene: Scene,
  shown: string | undefined,
  maxVersion?: 'TLSv1.2',
): Promise<string> {
  const client = comeIn(scene, shown, maxVersion)
  await until(() => client.text.endsWith('\r\n') || client.hasEnded || client.hasClosed)
  return client.text
}

const welcome = '* OK IMAP4 ready\r\n'
const invalid = '* BYE SSL certificate error\r\n'
const missing = '* BYE No required SSL certificate\r\n'

const selfSigned = 'client SSL certificate verify error: (18:self-signed certificate)'
const unknownIssuer =
  'client SSL certificate verify error: (20:unable to get local issuer certificate)'

describe('a client certificate', () => {
  const cases: readonly (readonly [TlsVerifyMode, string | undefined, string, string?])[] = [
    ['none', undefined, welcome],
    ['none', 'self', welcome],
    ['lenient', 'self', welcome],
    ['on', 'direct', welcome],
    ['on', 'one', welcome],
    ['on', undefined, missing, 'client sent no required SSL certificate'],
    ['on', 'self', invalid, selfSigned],
    ['on', 'two', invalid, unknownIssuer],
    ['on', 'over', invalid, 'client SSL certificate verify error: (10:certificate has expired)'],
    [
      'on',
      'other',
      invalid,
      'client SSL certificate verify error: (19:self-signed certificate in certificate chain)',
    ],
    ['optional', undefined, welcome],
    ['optional', 'one', welcome],
    ['optional', 'self', invalid, selfSigned],
    ['optional_no_ca', undefined, welcome],
    ['optional_no_ca', 'self', welcome],
    ['optional_no_ca', 'two', welcome],
    [
      'optional_no_ca',
      'over',
      invalid,
      'client SSL certificate verify error: (10:certificate has expired)',
    ],
    ['require', 'direct', welcome],
    ['require', 'self', '', selfSigned],
    ['require', undefined, ''],
  ]
  for (const [mode, shown, words, line] of cases) {
    it(`under ${mode}, ${shown ?? 'absent'}: ${words.trim() || 'no word'}`, async () => {
      for (const version of ['TLSv1.2', undefined] as const) {
        const scene = await sceneOf(mode, { tlsVerifyDepth: 1 })
        expect(await firstWords(scene, shown, version)).toBe(words)
        const said = scene.rig.log.texts.filter((text) => text.includes('certificate'))
        const lines = line === undefined ? [] : [`info: ${line} while SSL handshaking`]
        // Under `require` the library itself says that there is none.
        if (mode !== 'require' || shown !== undefined) expect(said).toEqual(lines)
      }
    })
  }

  it('is refused in the words of each protocol, and the slot comes back', async () => {
    const texts = {
      pop3: ['-ERR No required SSL certificate\r\n', '-ERR SSL certificate error\r\n'],
      smtp: ['421 4.7.1 No required SSL certificate\r\n', '421 4.7.1 SSL certificate error\r\n'],
    }
    for (const service of ['pop3', 'smtp'] as const) {
      const scene = await sceneOf('on', {}, { service })
      expect([await firstWords(scene, undefined), await firstWords(scene, 'self')]).toEqual(
        texts[service],
      )
      await until(() => scene.rig.engine.snapshot().sessionsActive === 0)
    }
  })

  it('may have as many authorities above it as the depth says', async () => {
    const depths: readonly (readonly [string, number | undefined, string])[] = [
      ['direct', 0, welcome],
      ['one', 0, invalid],
      ['two', 1, invalid],
      ['two', 2, welcome],
      ['two', undefined, welcome],
    ]
    for (const [shown, depth, words] of depths) {
      const scene = await sceneOf('on', depth === undefined ? {} : { tlsVerifyDepth: depth })
      expect(await firstWords(scene, shown)).toBe(words)
    }
  })

  it('that was revoked does not pass, and one that was not does', async () => {
    const scene = await sceneOf('on', { tlsCrl: { path: pki.path('root.crl') } })
    expect(await firstWords(scene, 'gone')).toBe(invalid)
    expect(scene.rig.log.texts).toContain(
      'info: client SSL certificate verify error: (23:certificate revoked) while SSL handshaking',
    )
    expect(await firstWords(scene, 'direct')).toBe(welcome)
  })

  it('may come from an authority that is trusted beside the others', async () => {
    const trusted = { tlsTrustedCa: { path: pki.path('other-root.pem') } }
    const scene = await sceneOf('on', trusted)
    expect(await firstWords(scene, 'other')).toBe(welcome)
    expect(await firstWords(scene, 'direct')).toBe(welcome)
  })

  it('is asked for after STARTTLS, too, and refused inside TLS', async () => {
    const scene = await sceneOf('on', { useTls: false, starttls: 'on' })
    const plain = await connectClient(scene.rig.port(), 'a STARTTLS\r\n')
    await until(() => plain.text.endsWith('a OK completed\r\n'))
    plain.socket.removeAllListeners('data')
    const secured = new Client(connect({ socket: plain.socket, rejectUnauthorized: false }))
    await until(() => secured.hasEnded || secured.hasClosed)
    expect(secured.text).toBe(missing)
    const line = scene.rig.log.lines.find(({ entry }) => entry.text.includes('certificate'))
    expect(line?.entry).toMatchObject({
      text: 'client sent no required SSL certificate while in starttls state',
      usesStarttls: true,
    })
  })
})

describe('what the auth server is told', () => {
  async function told(
    mode: TlsVerifyMode,
    shown: string | undefined,
    own: Values = {},
  ): Promise<Readonly<Record<string, string | undefined>>> {
    const scene = await sceneOf(mode, own)
    const client = comeIn(scene, shown)
    await until(() => client.text === welcome)
    client.socket.write('a LOGIN u p\r\n')
    await until(() => scene.auth.asked.length === 1)
    const headers = scene.auth.asked[0]?.headers ?? new Map<string, string>()
    return Object.fromEntries([...headers].filter(([name]) => name.startsWith('auth-ssl')))
  }

  it('of a certificate that passes is all of it, as nginx writes it', async () => {
    const x509 = new X509Certificate(readFileSync(pki.path('direct.pem')))
    const plain = (text: string): string => text.replaceAll(':', '').toLowerCase()
    expect(await told('on', 'direct', { authHttpPassClientCert: true })).toEqual({
      'auth-ssl': 'on',
      'auth-ssl-protocol': 'TLSv1.3',
      'auth-ssl-cipher': 'TLS_AES_256_GCM_SHA384',
      'auth-ssl-verify': 'SUCCESS',
      'auth-ssl-subject': 'CN=k\\C3\\A4se#x\\+y,OU=B+OU=A,O=Ex\\, \\"Inc\\" \\<x\\>\\; a=b,C=DE',
      'auth-ssl-issuer': 'CN=The root,O=Root\\, Inc,C=DE',
      'auth-ssl-serial': x509.serialNumber,
      'auth-ssl-fingerprint': plain(x509.fingerprint),
      'auth-ssl-fingerprint-sha256': plain(x509.fingerprint256),
      'auth-ssl-cert': pki.text('direct.pem').replaceAll(' ', '%20').replaceAll('\n', '%0A'),
    })
  })

  it('of no certificate is that there is none', async () => {
    expect(await told('optional', undefined)).toMatchObject({ 'auth-ssl-verify': 'NONE' })
  })

  it('of one by an unknown authority is why it fails, and who it says it is', async () => {
    const none: Values = { tlsClientCa: {} }
    expect(await told('optional_no_ca', 'one', none)).toMatchObject({
      'auth-ssl-verify': 'FAILED:self-signed certificate in certificate chain',
      'auth-ssl-subject': 'CN=one',
    })
    expect((await told('optional_no_ca', 'one', none))['auth-ssl-cert']).toBeUndefined()
  })

  it('is nothing about certificates where none is asked for', async () => {
    expect(Object.keys(await told('none', 'direct'))).toEqual([
      'auth-ssl',
      'auth-ssl-protocol',
      'auth-ssl-cipher',
    ])
  })
})
