// What a handshake comes to besides its certificates: versions, groups, ALPN, and coming back.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  cleanUp,
  Client,
  rigPolicy,
  span,
  startRig,
  startUpstream,
  to,
  until,
} from '../../../test/kit/gateway-rig.ts'
import type { Rig, Values } from '../../../test/kit/gateway-rig.ts'
import { Pki } from '../../../test/kit/pki.ts'
import type { ServiceName } from '../../policy/policy.ts'
import { ticketKeysOf } from './context-options.ts'

afterEach(cleanUp)

let pki: Pki

beforeAll(() => {
  pki = new Pki(mkdtempSync(join(tmpdir(), 'postern-pki-')))
  pki.make('gate', { keyType: 'rsa' })
  pki.make('root', { isAuthority: true })
  pki.make('client', { issuer: 'root' })
  writeFileSync(pki.path('48.ticket'), Buffer.alloc(48, 'k'))
  writeFileSync(pki.path('80.ticket'), Buffer.alloc(80, 'k'))
})

afterAll(() => rmSync(pki.directory, { recursive: true, force: true }))

function file(name: string) {
  return { files: [{ value: pki.path(name), span }] }
}

async function rigOf(options: Values, service: ServiceName = 'smtp'): Promise<Rig> {
  const upstream = await startUpstream()
  const own = { useTls: true, tlsCertificate: file('gate.pem'), tlsKey: file('gate.key') }
  const policy = {
    options: { ...to(upstream), ...own, ...options },
    listens: { '127.0.0.1:0': {} },
  }
  return startRig(rigPolicy({ ...policy, service }))
}

interface Met {
  readonly client: Client
  readonly socket: TLSSocket
  /** What it was given to come back with. */
  readonly sessions: readonly Buffer[]
}

/** A handshake, and what became of it. */
async function meet(rig: Rig, options: ConnectionOptions = {}): Promise<Met> {
  const port = rig.port()
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  const client = new Client(socket)
  const sessions: Buffer[] = []
  socket.on('session', (session: Buffer) => void sessions.push(session))
  await until(() => client.text === '220 ready\r\n' || client.hasClosed)
  return { client, socket, sessions }
}

describe('versions', () => {
  it('may have holes', async () => {
    const rig = await rigOf({ tlsProtocols: ['TLSv1.1', 'TLSv1.3'], tlsCiphers: 'ALL:@SECLEVEL=0' })
    const weak = { ciphers: 'ALL:@SECLEVEL=0' }
    const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
    const spoken: string[] = []
    for (const version of versions) {
      const only = { minVersion: version, maxVersion: version, ...weak }
      const { client } = await meet(rig, only)
      if (client.text !== '') spoken.push(version)
      client.socket.destroy()
    }
    expect(spoken).toEqual(['TLSv1.1', 'TLSv1.3'])
  })
})

describe('ALPN', () => {
  it('takes the protocol of the listener, and no other', async () => {
    for (const service of ['smtp', 'imap', 'pop3'] as const) {
      const rig = await rigOf({}, service)
      const right = await meet(rig, { ALPNProtocols: ['http/1.1', service] })
      expect(right.socket.alpnProtocol).toBe(service)
      const wrong = await meet(rig, { ALPNProtocols: ['http/1.1'] })
      expect(wrong.client.error?.message).toContain('no application protocol')
      await until(() =>
        rig.log.texts.some((text) =>
          text.startsWith(
            'info: SSL_do_handshake() failed (SSL: error:0A0000EB:SSL routines::no application protocol)',
          ),
        ),
      )
      const silent = await meet(rig)
      expect(silent.client.text).toBe('220 ready\r\n')
    }
  })

  it('is nothing to ECStream, which has no id', async () => {
    const rig = await rigOf({}, 'ecstream')
    const { client } = await meet(rig, { ALPNProtocols: ['anything'] })
    expect(client.text).toBe('220 ready\r\n')
  })
})

describe('the key exchange', () => {
  it('has the groups that are listed', async () => {
    const rig = await rigOf({ tlsCurves: 'secp384r1' })
    const { socket } = await meet(rig)
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: 'secp384r1' })
    const other = await meet(rig, { ecdhCurve: 'X25519' })
    expect(other.client.error).toBeDefined()
  })

  it('has DHE with parameters alone', async () => {
    const dhe = { ciphers: 'DHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const
    const tlsCiphers = 'DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256'
    const without = await meet(await rigOf({ tlsCiphers }), dhe)
    expect(without.client.error).toBeDefined()
    const { socket } = await meet(await rigOf({ tlsCiphers, tlsDhParams: 'auto' }), dhe)
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ type: 'DH' })
  })

  it('goes by the order of the gate when it is to, in either way of saying so', async () => {
    const tlsCiphers = 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256'
    const [strong = '', weak = ''] = tlsCiphers.split(':')
    const asked = { ciphers: `${weak}:${strong}`, maxVersion: 'TLSv1.2' } as const
    const choices: readonly (readonly [Values, string])[] = [
      [{}, weak],
      [{ tlsPreferServerCiphers: true }, strong],
      [{ tlsFlags: ['ServerPreference'] }, strong],
    ]
    for (const [options, expected] of choices) {
      const { socket } = await meet(await rigOf({ tlsCiphers, ...options }), asked)
      expect(socket.getCipher().name).toBe(expected)
    }
  })

  it('signs as it is told', async () => {
    const rig = await rigOf({ tlsSignatureAlgorithms: 'rsa_pss_rsae_sha512' })
    const refused = await meet(rig, { sigalgs: 'rsa_pss_rsae_sha256' })
    expect(refused.client.error).toBeDefined()
    const { client } = await meet(rig, { sigalgs: 'rsa_pss_rsae_sha512' })
    expect(client.text).toBe('220 ready\r\n')
  })
})

describe('coming back to a session', () => {
  /** Whether the second of two connections resumes the first. */
  async function isResumed(
    rig: Rig,
    options: ConnectionOptions,
    between: () => Promise<Rig> = () => Promise.resolve(rig),
  ): Promise<boolean> {
    const first = await meet(rig, options)
    await until(() => first.sessions.length > 0)
    const session = first.sessions.at(-1)
    const again = await between()
    const second = await meet(again, { ...options, ...(session === undefined ? {} : { session }) })
    expect(second.client.text).toBe('220 ready\r\n')
    return second.socket.isSessionReused()
  }

  const versions = ['TLSv1.2', 'TLSv1.3'] as const

  it('works by tickets, and does not without', async () => {
    for (const maxVersion of versions) {
      expect(await isResumed(await rigOf({}), { maxVersion })).toBe(true)
      expect(await isResumed(await rigOf({ tlsSessionTickets: false }), { maxVersion })).toBe(false)
      expect(await isResumed(await rigOf({ tlsFlags: ['-SessionTicket'] }), { maxVersion })).toBe(
        false,
      )
    }
  })

  it("works at another gate, and after a restart, with a key of one's own", async () => {
    for (const name of ['48.ticket', '80.ticket']) {
      const options: Values = { tlsTicketKey: file(name) }
      expect(await isResumed(await rigOf(options), {}, () => rigOf(options))).toBe(true)
    }
    expect(await isResumed(await rigOf({}), {}, () => rigOf({}))).toBe(false)
  })

  it('does not where a certificate is asked for: it is looked at anew each time', async () => {
    const options: Values = { tlsVerifyMode: 'on', tlsClientCa: { path: pki.path('root.pem') } }
    const own = { cert: pki.text('client.chain'), key: pki.text('client.key') }
    for (const maxVersion of versions) {
      expect(await isResumed(await rigOf(options), { ...own, maxVersion })).toBe(false)
    }
  })
})

describe('a key for tickets', () => {
  const parts = [16, 16, 16].map((size, index) => Buffer.alloc(size, index + 1))
  const [name = parts[0], aes = parts[0], hmac = parts[0]] = parts

  it("of 48 bytes is nginx's, with its two halves in the order of Node.js", () => {
    const written = Buffer.concat([name, aes, hmac].filter((part) => part !== undefined))
    const expected = Buffer.concat([name, hmac, aes].filter((part) => part !== undefined))
    expect(ticketKeysOf(written)).toEqual(expected)
  })

  it('of 80 bytes keeps its name, and its secrets are derived', () => {
    const file80 = Buffer.alloc(80, 'x')
    const keys = ticketKeysOf(file80)
    expect(keys).toHaveLength(48)
    expect(keys?.subarray(0, 16)).toEqual(file80.subarray(0, 16))
    expect(keys?.includes('xxxx', 16)).toBe(false)
    expect(ticketKeysOf(Buffer.alloc(80, 'x'))).toEqual(keys)
  })

  it('of another size is none', () => {
    expect([0, 47, 49, 81].map((size) => ticketKeysOf(Buffer.alloc(size)))).toEqual(
      Array.from({ length: 4 }, () => undefined),
    )
  })
})
