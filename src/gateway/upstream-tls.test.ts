// TLS to upstreams with real sockets: who is believed, what is told and logged when nobody is, and
// that a slot never outlives a handshake.

import type { Socket } from 'node:net'
import { connect as connectPlain } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  cleanUp,
  Client,
  connectClient,
  rigPolicy,
  startRig,
  startUpstream,
  temporaryDirectory,
  until,
} from '../../test/kit/gateway-rig.ts'
import type { FakeUpstream, Rig, RigPolicy, Values } from '../../test/kit/gateway-rig.ts'
import { setLoginScene } from '../../test/kit/login-scene.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'
import { afterStarttls, Authority, insideTls, serveBy } from '../../test/kit/tls-upstreams.ts'
import type { Identity, Serve } from '../../test/kit/tls-upstreams.ts'
import type { UpstreamTlsMode } from '../policy/options.ts'
import { TlsResumption } from './upstream-tls.ts'

type Service = 'imap' | 'pop3' | 'smtp'

const services: readonly Service[] = ['imap', 'pop3', 'smtp']
const modes = ['on', 'starttls'] as const
const everyWay = services.flatMap((service) => modes.map((mode) => [service, mode] as const))

let ours: Authority
let theirs: Authority
let good: Identity

beforeAll(async () => {
  ours = await Authority.create('Our Authority')
  theirs = await Authority.create('Their Authority')
  good = await ours.issue({ name: 'mail.test' })
})

afterEach(cleanUp)

/** Trusts our authority, and expects the name of the good certificate. */
function trusting(mode: UpstreamTlsMode, more: Values = {}): Values {
  const file = join(temporaryDirectory(), 'ca.pem')
  writeFileSync(file, ours.cert)
  return {
    upstreamTls: mode,
    upstreamTlsCa: { path: file },
    upstreamTlsName: 'mail.test',
    ...more,
  }
}

function serverOf(service: Service, mode: UpstreamTlsMode, identity: Identity): Serve {
  if (mode === 'starttls') return afterStarttls({ service, identity })
  return insideTls((socket) => serveBy[service](socket), identity)
}

interface Scene {
  readonly rig: Rig
  readonly upstream: FakeUpstream
}

/** A relay from the first byte. */
async function relayTo(
  serve: Serve,
  options: Values,
  more: Partial<RigPolicy> & { readonly clock?: ManualClock } = {},
): Promise<Scene> {
  const upstream = await startUpstream(serve)
  const { clock, ...text } = more
  const to = { kind: 'tcp', host: '127.0.0.1', port: upstream.port } as const
  const policy = rigPolicy({
    listens: { '127.0.0.1:0': {} },
    ...text,
    options: { upstream: [to], ...options },
  })
  return { rig: await startRig(policy, clock), upstream }
}

const logins: Readonly<Record<Service, string>> = {
  imap: 'a1 LOGIN u p\r\n',
  pop3: 'USER u\r\nPASS p\r\n',
  smtp: `EHLO me\r\nAUTH PLAIN ${Buffer.from('\0u\0p').toString('base64')}\r\n`,
}
const welcomes: Readonly<Record<Service, string>> = {
  imap: 'a1 OK upstream login\r\n',
  pop3: '+OK upstream did PASS\r\n',
  smtp: '235 2.0.0 OK\r\n',
}
const internalErrors: Readonly<Record<Service, string>> = {
  imap: '* BAD internal server error\r\n',
  pop3: '-ERR internal server error\r\n',
  smtp: '451 4.3.2 Internal server error\r\n',
}
const unavailable: Readonly<Record<Service, string>> = {
  imap: '* BYE [UNAVAILABLE] Service unavailable\r\n',
  pop3: '-ERR [SYS/TEMP] Service unavailable\r\n',
  smtp: '421 4.4.5 Service unavailable\r\n',
}

/** Nothing is held any more, and there was never a connection too many (SEMANTICS S1). */
async function isEmpty({ rig, upstream }: Scene): Promise<void> {
  await until(() => rig.engine.snapshot().sessionsActive === 0)
  await until(() => upstream.openCount === 0)
}

async function logs({ rig }: Scene, what: RegExp): Promise<void> {
  await until(() => rig.log.texts.some((text) => what.test(text))).catch(() => {
    expect(rig.log.texts.join('\n')).toMatch(what)
  })
}

describe('a relay to an upstream with TLS', () => {
  it.each(everyWay)('carries %s both ways (%s)', async (service, mode) => {
    const scene = await relayTo(serverOf(service, mode, good), trusting(mode), { service })
    const client = await connectClient(scene.rig.port())
    const greeting = /^(?:\* OK|\+OK|220)[^[<]*\r\n/
    await until(() => greeting.test(client.text)).catch(() => expect(client.text).toMatch(greeting))
    const [line, answer] = {
      imap: ['a1 LOGIN {1+}\r\nu {1+}\r\np\r\na2 NOOP\r\n', 'a2 OK upstream did NOOP\r\n'],
      pop3: ['STAT\r\n', '+OK upstream did STAT\r\n'],
      smtp: ['EHLO me\r\nMAIL FROM:<a@b>\r\n', '250 2.0.0 upstream did MAIL\r\n'],
    }[service] as [string, string]
    client.socket.write(line)
    await until(() => client.text.endsWith(answer)).catch(() => expect(client.text).toBe(answer))
    client.socket.end()
    await until(() => client.hasClosed)
    await isEmpty(scene)
    expect(scene.upstream.openMax).toBe(1)
    expect(scene.rig.log.texts.filter((text) => text.startsWith('error'))).toEqual([])
  })

  it('carries ECStream, and much of it, and closes half by half', async () => {
    const total = 3_000_000
    const echo = (socket: Socket): void => {
      const parts: Buffer[] = []
      socket.on('data', (chunk: Buffer) => parts.push(chunk))
      // The whole answer comes after the client has said its last word.
      socket.on('end', () => socket.end(Buffer.concat(parts)))
    }
    const serve = insideTls(echo, good)
    const scene = await relayTo(serve, trusting('on'), { service: 'ecstream' })
    const client = await connectClient(scene.rig.port())
    client.socket.end(Buffer.alloc(total, 'x'))
    await until(() => client.hasEnded, 20_000)
    expect(client.received.length).toBe(total)
    await isEmpty(scene)
  })

  it('sends the PROXY header before all TLS', async () => {
    const first: Buffer[] = []
    const serve = (socket: Socket): void => {
      socket.once('data', (chunk: Buffer) => {
        socket.pause()
        first.push(chunk)
        const end = chunk.indexOf('\r\n') + 2
        if (end < chunk.length) socket.unshift(chunk.subarray(end))
        insideTls(serveBy.pop3, good)(socket)
      })
    }
    const options = trusting('on', { upstreamProxyProtocol: 'v1' })
    const { rig } = await relayTo(serve, options, { service: 'pop3' })
    const client = await connectClient(rig.port())
    await until(() => client.text === '+OK upstream ready\r\n')
    expect(first[0]?.toString('latin1')).toMatch(
      /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n/,
    )
  })

  it('tells the name, and shows a certificate of its own where one is set', async () => {
    const identity = await ours.issue({ name: 'gate.test' })
    const file = join(temporaryDirectory(), 'gate.pem')
    writeFileSync(file, `${identity.cert}\n${identity.key}`)
    const seen: unknown[] = []
    const onSecured = (socket: TLSSocket): void => {
      const { CN } = socket.getPeerCertificate().subject
      seen.push([Reflect.get(socket, 'servername'), CN, socket.getProtocol()])
    }
    const serve = insideTls(serveBy.pop3, good, { requestCert: true, onSecured })
    const options = trusting('on', {
      upstreamTlsCertificate: { path: file },
      upstreamTlsProtocols: ['TLSv1.2'],
      upstreamTlsCiphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
    })
    const { rig } = await relayTo(serve, options, { service: 'pop3' })
    const client = await connectClient(rig.port())
    await until(() => client.text === '+OK upstream ready\r\n')
    expect(seen).toEqual([['mail.test', 'gate.test', 'TLSv1.2']])
  })

  it('goes on to the next address when one is not whom it should be', async () => {
    const bad = await startUpstream(
      insideTls(serveBy.pop3, await theirs.issue({ name: 'mail.test' })),
    )
    const fine = await startUpstream(insideTls(serveBy.pop3, good))
    const addresses = [bad, fine].map(
      ({ port }) => ({ kind: 'tcp', host: '127.0.0.1', port }) as const,
    )
    const options = { upstream: addresses, ...trusting('on') }
    const rig = await startRig(
      rigPolicy({ service: 'pop3', listens: { '127.0.0.1:0': {} }, options }),
    )
    const client = await connectClient(rig.port())
    await until(() => client.text === '+OK upstream ready\r\n')
    await until(() => bad.openCount === 0)
    expect(bad.openMax).toBe(1)
  })
})

describe('a login at an upstream with TLS', () => {
  it.each(everyWay)('speaks %s inside it (%s)', async (service, mode) => {
    const plain: string[] = []
    const serve =
      mode === 'on'
        ? serverOf(service, mode, good)
        : afterStarttls({ service, identity: good, onPlain: (line) => plain.push(line) })
    const scene = await setLoginScene({ service, serve, options: trusting(mode) })
    const client = await connectClient(scene.rig.port(), logins[service])
    await until(() => client.text.endsWith(welcomes[service])).catch(() => {
      expect(`${client.text}${scene.rig.log.texts.join('\n')}`).toBe('')
    })
    expect(plain.join('')).not.toMatch(/LOGIN|USER|PASS|AUTH/)
    expect(client.text).not.toContain('plain ready')
    client.socket.end()
    await isEmpty(scene)
  })

  const bad: readonly (readonly [string, () => Promise<Identity>, RegExp])[] = [
    [
      'of another authority',
      () => theirs.issue({ name: 'mail.test' }),
      /^error: upstream SSL certificate verify error: \((?:20|21):unable to .*\) while SSL handshaking to upstream$/,
    ],
    [
      'with another name',
      () => ours.issue({ name: 'other.test', addresses: ['127.0.0.1'] }),
      /^error: upstream SSL certificate does not match "mail\.test" while SSL handshaking to upstream$/,
    ],
    [
      'that has expired',
      () => ours.issue({ name: 'mail.test', notAfter: new Date(Date.now() - 1000) }),
      /^error: upstream SSL certificate verify error: \(10:certificate has expired\) while SSL handshaking to upstream$/,
    ],
  ]

  it.each(bad.flatMap(([what, ...row]) => modes.map((mode) => [what, mode, ...row] as const)))(
    'goes no further with a certificate %s (%s)',
    async (_what, mode, issue, text) => {
      const secrets: string[] = []
      const identity = await issue()
      const listen = (socket: Socket): void => {
        serveBy.imap(socket)
        socket.on('data', (chunk: Buffer) => secrets.push(chunk.toString()))
      }
      const serve =
        mode === 'on' ? insideTls(listen, identity) : afterStarttls({ service: 'imap', identity })
      const scene = await setLoginScene({ serve, options: trusting(mode) })
      const client = await connectClient(scene.rig.port(), logins.imap)
      await until(() => client.hasEnded)
      expect(client.text).toBe(`* OK IMAP4 ready\r\n${internalErrors.imap}`)
      await logs(scene, text)
      expect(secrets).toEqual([])
      client.socket.end()
      await isEmpty(scene)
    },
  )

  it('does so at the second time, too: what failed is not resumed', async () => {
    const identity = await ours.issue({ name: 'other.test' })
    const serve = insideTls(serveBy.imap, { ...identity, maxVersion: 'TLSv1.2' })
    const scene = await setLoginScene({ serve, options: trusting('on') })
    for (let time = 0; time < 2; time += 1) {
      const client = await connectClient(scene.rig.port(), logins.imap)
      await until(() => client.hasEnded)
      client.socket.end()
    }
    const texts = scene.rig.log.texts.filter((text) => text.includes('does not match "mail.test"'))
    expect(texts).toHaveLength(2)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes what went well (%s)', async (version) => {
    const resumed: boolean[] = []
    const serve = insideTls(
      serveBy.imap,
      { ...good, maxVersion: version, sessionIdContext: 'test' },
      { onSecured: (socket) => resumed.push(socket.isSessionReused()) },
    )
    const scene = await setLoginScene({ serve, options: trusting('on') })
    for (let time = 0; time < 2; time += 1) {
      const client = await connectClient(scene.rig.port(), logins.imap)
      await until(() => client.text.endsWith(welcomes.imap))
      client.socket.end()
      await until(() => client.hasClosed)
    }
    expect(resumed).toEqual([false, true])
  })

  it('takes the address for the name where there is no other, and says what to do', async () => {
    const { upstreamTlsName: _name, ...options } = trusting('on')
    const scene = await setLoginScene({ serve: insideTls(serveBy.imap, good), options })
    const client = await connectClient(scene.rig.port(), logins.imap)
    await until(() => client.hasEnded)
    await logs(
      scene,
      /^error: upstream SSL certificate does not match "127\.0\.0\.1" \(proxy_ssl_name or Upstream_TLS_Name sets another\) while/,
    )
    const named = await ours.issue({ name: 'x.test', addresses: ['127.0.0.1'] })
    const other = await setLoginScene({ serve: insideTls(serveBy.imap, named), options })
    const happy = await connectClient(other.rig.port(), logins.imap)
    await until(() => happy.text.endsWith(welcomes.imap))
  })

  it('asks nobody for a name when it is told not to verify', async () => {
    const identity = await theirs.issue({ name: 'other.test' })
    const options = { upstreamTls: 'on', upstreamTlsVerify: false } as const
    const { rig } = await setLoginScene({ serve: insideTls(serveBy.imap, identity), options })
    const client = await connectClient(rig.port(), logins.imap)
    await until(() => client.text.endsWith(welcomes.imap))
  })
})

describe('an upstream without TLS', () => {
  it.each(services)('is of no use to a %s session, logged in or relayed', async (service) => {
    const serve = serveBy[service]
    const scene = await setLoginScene({ service, serve, options: trusting('on') })
    const client = await connectClient(scene.rig.port(), logins[service])
    await until(() => client.hasEnded)
    expect(client.text).toContain(internalErrors[service])
    await logs(scene, /^error: SSL_do_handshake\(\) failed \(SSL: .+\) while SSL handshaking/)

    const relay = await relayTo(serve, trusting('on'), { service })
    const other = await connectClient(relay.rig.port())
    await until(() => other.hasEnded)
    expect(other.text).toBe(unavailable[service])
    other.socket.end()
    await isEmpty(relay)
  })

  it.each(services)('STARTTLS stripped in %s: nothing is said in plain text', async (service) => {
    const plain: string[] = []
    const tamper = (answer: string): string =>
      answer.replace(/ ?STARTTLS/, ' X').replace(/^(\+OK|\S+ OK) begin/, '-ERR no')
    const serve = afterStarttls({
      service,
      identity: good,
      tamper,
      onPlain: (line) => plain.push(line),
    })
    const scene = await setLoginScene({ service, serve, options: trusting('starttls') })
    const client = await connectClient(scene.rig.port(), logins[service])
    await until(() => client.hasEnded)
    expect(client.text).toContain(internalErrors[service])
    await logs(scene, /^error: upstream (?:does not offer|refused) STARTTLS$/)
    expect(plain.join('')).not.toMatch(/LOGIN|USER|PASS|AUTH/)
  })

  it.each(services)('response injection in %s: ends the session', async (service) => {
    const tamper = (answer: string): string =>
      answer.includes('begin') ? `${answer}* CAPABILITY X\r\n+OK\r\n250 AUTH PLAIN\r\n` : answer
    const serve = afterStarttls({ service, identity: good, tamper })
    const scene = await setLoginScene({ service, serve, options: trusting('starttls') })
    const client = await connectClient(scene.rig.port(), logins[service])
    await until(() => client.hasEnded)
    expect(client.text).toContain(internalErrors[service])
    await logs(scene, /^error: upstream sent data behind its reply to STARTTLS$/)
  })

  it('that hangs up in the middle is said to have done so', async () => {
    const serve = (socket: Socket): void => void socket.once('data', () => socket.destroy())
    const scene = await relayTo(serve, trusting('on'), { service: 'pop3' })
    const client = await connectClient(scene.rig.port())
    await until(() => client.hasEnded)
    await logs(
      scene,
      /^error: (?:peer closed connection in SSL handshake|SSL_do_handshake\(\) failed \(104: .*\)) while SSL handshaking to upstream$/,
    )
  })
})

describe('a handshake with an upstream that stalls', () => {
  /** Takes the connection, and says nothing more. */
  const stall = (socket: Socket): void => {
    socket.resume()
    socket.on('end', () => socket.destroy())
  }

  it.each(modes)('ends in time, and gives the slot back (%s)', async (mode) => {
    const clock = new ManualClock()
    const scene = await relayTo(stall, trusting(mode), { service: 'imap', clock })
    const client = await connectClient(scene.rig.port())
    await until(() => scene.upstream.openCount === 1)
    await until(() => {
      clock.advance(1000)
      return client.hasEnded
    })
    expect(client.text).toBe(unavailable.imap)
    const action = mode === 'on' ? 'SSL handshaking to upstream' : 'connecting to upstream'
    await logs(scene, new RegExp(`^error: upstream timed out \\(110: .*\\) while ${action}$`))
    client.socket.end()
    await isEmpty(scene)
  })

  it('ends a login within its time, and gives the slot back', async () => {
    const options = trusting('on', { loginTimeout: { ms: 300 } })
    const scene = await setLoginScene({ serve: stall, options })
    const client = await connectClient(scene.rig.port(), logins.imap)
    await until(() => client.hasEnded)
    expect(client.text).toBe(`* OK IMAP4 ready\r\n${internalErrors.imap}`)
    await logs(scene, /^error: upstream timed out \(110: .*\) while SSL handshaking to upstream$/)
    client.socket.end()
    await isEmpty(scene)
  })

  it.each(modes)('lets a client go that leaves: relayed (%s)', async (mode) => {
    const scene = await relayTo(stall, trusting(mode), { service: 'imap' })
    const client = await connectClient(scene.rig.port())
    await until(() => scene.upstream.openCount === 1)
    client.socket.end()
    await until(() => scene.rig.engine.snapshot().sessionsActive === 0, 1000)
    await isEmpty(scene)
  })

  it('lets a client go that leaves after it has said too much to be read on', async () => {
    const scene = await relayTo(stall, trusting('on'), { service: 'ecstream' })
    const client = new Client(connectPlain(scene.rig.port(), '127.0.0.1'))
    client.socket.write(Buffer.alloc(200_000))
    await until(() => scene.upstream.openCount === 1)
    client.socket.resetAndDestroy()
    // It is asked once a second whether it still stands.
    await until(() => scene.rig.engine.snapshot().sessionsActive === 0, 3000)
    await isEmpty(scene)
  })

  it.each(modes)('lets a client go that leaves: logging in (%s)', async (mode) => {
    const scene = await setLoginScene({ serve: stall, options: trusting(mode) })
    const client = await connectClient(scene.rig.port(), logins.imap)
    await until(() => scene.upstream.openCount === 1)
    client.socket.resetAndDestroy()
    await until(() => scene.rig.engine.snapshot().sessionsActive === 0, 2500)
    await isEmpty(scene)
  })
})

describe('the files of TLS to upstreams', () => {
  it.each([
    ['upstreamTlsCa', 'Upstream_TLS_CA'],
    ['upstreamTlsCertificate', 'Upstream_TLS_Certificate'],
    ['upstreamTlsKey', 'Upstream_TLS_Key'],
  ])('keep a policy from loading when %s cannot be read', async (option, name) => {
    const options = { upstreamTls: 'on', [option]: { path: '/nowhere/x.pem' } } as const
    const policy = rigPolicy({ listens: { '127.0.0.1:0': {} }, options })
    await expect(startRig(policy)).rejects.toThrow(
      `${name}: cannot read "/nowhere/x.pem" (2: No such file or directory) (rig.conf:7)`,
    )
  })

  it('keep it from loading when there is no context in them', async () => {
    const options = trusting('on', { upstreamTlsCiphers: 'NO-SUCH-CIPHER' })
    const policy = rigPolicy({ listens: { '127.0.0.1:0': {} }, options })
    await expect(startRig(policy)).rejects.toThrow(
      /no TLS context to the upstream can be made: .*\(rig\.conf:7\)/,
    )
  })

  it('keep a reload from being put into force, and sessions go on', async () => {
    const scene = await relayTo(serverOf('pop3', 'on', good), trusting('on'), { service: 'pop3' })
    const client = await connectClient(scene.rig.port())
    await until(() => client.text === '+OK upstream ready\r\n')
    const options = { upstreamTls: 'on', upstreamTlsCa: { path: '/nowhere/x.pem' } } as const
    const policy = rigPolicy({ service: 'pop3', listens: { '127.0.0.1:0': {} }, options })
    await expect(scene.rig.gateway.reload(policy)).rejects.toThrow('/nowhere/x.pem')
    client.socket.write('STAT\r\n')
    await until(() => client.text.endsWith('+OK upstream did STAT\r\n'))
    const other = await connectClient(scene.rig.port())
    await until(() => other.text === '+OK upstream ready\r\n')
  })

  it('are not looked at where TLS is off', async () => {
    const options = { upstreamTlsCa: { path: '/nowhere/x.pem' } } as const
    await startRig(rigPolicy({ listens: { '127.0.0.1:0': {} }, options }))
  })
})

describe('what can be resumed', () => {
  it('is bounded, and what was used longest ago goes first', () => {
    const resumption = new TlsResumption()
    const session = Buffer.from('x')
    for (let index = 0; index < 300; index += 1) {
      resumption.keep(`192.0.2.1:${index}`, session)
      resumption.keep('192.0.2.1:0', session)
    }
    expect(resumption.count).toBe(256)
    expect(resumption.find('192.0.2.1:0')).toBe(session)
    expect(resumption.find('192.0.2.1:1')).toBeUndefined()
    expect(resumption.find('192.0.2.1:299')).toBe(session)
  })
})
