// An SMTP session that waits for its client's name, on real sockets: who is told it, and what
// happens meanwhile.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeDns } from '../../../test/kit/dns-server.ts'
import type { DnsScript } from '../../../test/kit/dns-server.ts'
import {
  atCleanUp,
  Client,
  cleanUp,
  connectClient,
  pauseMs,
  rigPolicy,
  startRig,
  startUpstream,
  temporaryDirectory,
  to,
  until,
} from '../../../test/kit/gateway-rig.ts'
import type { Values } from '../../../test/kit/gateway-rig.ts'
import { authAt, setLoginScene } from '../../../test/kit/login-scene.ts'
import { serveSmtp } from '../../../test/kit/login-servers.ts'
import { ManualClock } from '../../../test/kit/manual-clock.ts'

afterEach(cleanUp)

async function dns(script: DnsScript): Promise<FakeDns> {
  const server = await FakeDns.start(script)
  atCleanUp(() => server.close())
  return server
}

const good: DnsScript = ({ type }) => {
  if (type === 'PTR') return { records: [{ type, value: 'mail.example' }] }
  return type === 'A' ? { records: [{ type, value: '127.0.0.1' }] } : {}
}
const silent: DnsScript = () => undefined

const at = ({ port }: FakeDns): Values => ({
  resolver: [{ host: '127.0.0.1', port, text: `127.0.0.1:${port}` }],
})

const span = { file: 'rig.conf', line: 1, column: 1 }
const named = { serverName: 'mx.test' }
const greeting = '220 mx.test ESMTP ready\r\n'
const plain = Buffer.from('\0u\0p').toString('base64')

describe('the name of a client that logs in', () => {
  it('goes to the auth server and into XCLIENT', async () => {
    const server = await dns(good)
    let said = ''
    const { rig, auth } = await setLoginScene({
      service: 'smtp',
      options: { ...named, ...at(server), upstreamXclient: 'always' },
      serve: (socket) => {
        serveSmtp(socket)
        socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
      },
    })
    const client = await connectClient(rig.port(), `EHLO me\r\nAUTH PLAIN ${plain}\r\n`)
    await until(() => client.text.endsWith('235 2.0.0 OK\r\n'))
    expect(auth.asked[0]?.headers.get('client-host')).toBe('mail.example')
    expect(said).toContain('XCLIENT ADDR=127.0.0.1 LOGIN=u NAME=mail.example')
  })

  it('is [UNAVAILABLE] without one, and that is logged', async () => {
    const server = await dns(() => ({ code: 3 }))
    const { rig, auth } = await setLoginScene({
      service: 'smtp',
      options: { ...named, ...at(server) },
    })
    const client = await connectClient(rig.port(), `EHLO me\r\nAUTH PLAIN ${plain}\r\n`)
    await until(() => client.text.endsWith('235 2.0.0 OK\r\n'))
    expect(auth.asked[0]?.headers.get('client-host')).toBe('[UNAVAILABLE]')
    expect(rig.log.texts).toContain(
      'error: 127.0.0.1 could not be resolved (3: Host not found) while in resolving client address',
    )
  })

  it('is [TEMPUNAVAIL] after resolver_timeout, one for all questions', async () => {
    const server = await dns(({ type }) =>
      type === 'PTR' ? good({ type, name: '', isTcp: false }) : undefined,
    )
    const clock = new ManualClock()
    const { rig, auth } = await setLoginScene({
      service: 'smtp',
      clock,
      options: { ...named, ...at(server), resolverTimeout: { ms: 3000 } },
    })
    const client = await connectClient(rig.port(), `EHLO me\r\nAUTH PLAIN ${plain}\r\n`)
    await until(() => server.asked.length === 3)
    await pauseMs(300)
    expect(client.text).toBe('')
    clock.advance(3200)
    await until(() => client.text.endsWith('235 2.0.0 OK\r\n'))
    expect(auth.asked[0]?.headers.get('client-host')).toBe('[TEMPUNAVAIL]')
    expect(rig.log.texts).toContain(
      'error: 127.0.0.1 could not be resolved (110: Operation timed out) while in resolving client hostname',
    )
  })

  it('is [TEMPUNAVAIL] for a client of a Unix socket, and nobody is asked', async () => {
    const server = await dns(good)
    const path = `${temporaryDirectory()}/s.sock`
    const { auth } = await setLoginScene({
      service: 'smtp',
      options: { ...named, ...at(server) },
      listens: { [path]: {} },
    })
    const client = await connectClient(path, `EHLO me\r\nAUTH PLAIN ${plain}\r\n`)
    await until(() => client.text.endsWith('235 2.0.0 OK\r\n'))
    expect(auth.asked[0]?.headers.get('client-host')).toBe('[TEMPUNAVAIL]')
    expect(server.asked).toEqual([])
  })

  it('is that of the address in a PROXY header', async () => {
    const server = await dns(() => ({ code: 3 }))
    const { rig, auth } = await setLoginScene({
      service: 'smtp',
      options: { ...named, ...at(server), proxyProtocol: true },
    })
    const header = 'PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\n'
    const client = await connectClient(rig.port(), `${header}EHLO me\r\nAUTH PLAIN ${plain}\r\n`)
    await until(() => client.text.endsWith('235 2.0.0 OK\r\n'))
    expect(server.questions).toEqual(['PTR 7.2.0.192.in-addr.arpa'])
    expect(auth.asked[0]?.headers.get('client-ip')).toBe('192.0.2.7')
  })

  it('is looked up on a port of implicit TLS, and the greeting goes inside', async () => {
    const made = await generate([{ name: 'commonName', value: 'gate.test' }], { keyType: 'ec' })
    const path = join(temporaryDirectory(), 'gate.pem')
    writeFileSync(path, `${made.cert}\n${made.private}`)
    const server = await dns(good)
    const { rig, auth } = await setLoginScene({
      service: 'smtp',
      options: {
        ...named,
        ...at(server),
        useTls: true,
        tlsCertificate: { files: [{ value: path, span }] },
      },
    })
    const options = { host: '127.0.0.1', port: rig.port(), rejectUnauthorized: false }
    const client = new Client(connectTls(options))
    client.socket.write(`EHLO me\r\nAUTH PLAIN ${plain}\r\n`)
    await until(() => client.text.endsWith('235 2.0.0 OK\r\n'))
    expect(client.text.startsWith(greeting)).toBe(true)
    expect(auth.asked[0]?.headers.get('client-host')).toBe('mail.example')
  })

  it.each([
    ['in IMAP', { service: 'imap' as const }],
    ['without a resolver', { service: 'smtp' as const, options: { resolver: [] } }],
  ])('is not looked up %s', async (_where, over) => {
    const server = await dns(good)
    const { rig } = await setLoginScene({
      ...over,
      options: { ...at(server), ...('options' in over ? over.options : {}) },
    })
    const client = await connectClient(rig.port())
    await until(() => client.text.endsWith('ready\r\n'))
    expect(server.asked).toEqual([])
  })
})

describe('a client whose name is looked up', () => {
  const stalled = async (
    options: Values = {},
  ): Promise<
    Awaited<ReturnType<typeof setLoginScene>> & { clock: ManualClock; server: FakeDns }
  > => {
    const server = await dns(silent)
    const clock = new ManualClock()
    const scene = await setLoginScene({
      service: 'smtp',
      clock,
      options: { ...named, ...at(server), ...options },
    })
    return { ...scene, clock, server }
  }

  it('that leaves frees its slot within a second, and the lookup ends', async () => {
    const { rig, server } = await stalled()
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const client = await connectClient(rig.port(), 'EHLO me\r\n')
      await until(() => rig.engine.snapshot().sessionsActive === 1 && server.asked.length > 0)
      client.socket[leave]()
      await until(() => rig.engine.snapshot().sessionsActive === 0, 1000)
    }
    const count = server.asked.length
    await pauseMs(300)
    expect(server.asked.length).toBe(count)
    expect(rig.log.texts).toContain(
      'info: client closed connection while in resolving client address',
    )
  })

  it('that has sent more than is kept is still seen leaving, by a reset', async () => {
    const { rig, clock } = await stalled()
    const client = await connectClient(rig.port())
    client.socket.write(Buffer.alloc(2_000_000))
    await pauseMs(200)
    client.socket.resetAndDestroy()
    const moving = setInterval(() => clock.advance(200), 20)
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    clearInterval(moving)
  })

  it('and is silent reads a goodbye after Idle_Time (S22)', async () => {
    const { rig, clock } = await stalled({ idle: { ms: 1000 } })
    const client = await connectClient(rig.port())
    await until(() => rig.engine.snapshot().sessionsActive === 1)
    clock.advance(1200)
    await until(() => client.hasEnded)
    expect(client.text).toMatch(/^421 [^\r\n]+\r\n$/)
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('is not acted on meanwhile, and answered in order afterwards', async () => {
    let isAnswering = false
    const server = await dns((question) => (isAnswering ? good(question) : undefined))
    const { rig } = await setLoginScene({ service: 'smtp', options: { ...named, ...at(server) } })
    const client = await connectClient(rig.port(), 'EHLO me\r\n')
    await until(() => server.asked.length === 1)
    client.socket.write('NOOP\r\n')
    await pauseMs(200)
    expect(client.text).toBe('')
    isAnswering = true
    await until(() => client.text.endsWith('250 2.0.0 OK\r\n'), 8000)
    expect(client.text.startsWith(greeting)).toBe(true)
  }, 15_000)

  it('and talks before a delayed greeting is still an early talker', async () => {
    const server = await dns(good)
    const { rig } = await setLoginScene({
      service: 'smtp',
      options: { ...named, ...at(server), smtpGreetingDelay: { ms: 500 } },
    })
    const client = await connectClient(rig.port(), 'EHLO me\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toBe('503 5.5.0 Improper use of SMTP command pipelining\r\n')
  })

  it('has its whole time to log in after that', async () => {
    const { rig, clock } = await stalled({
      resolverTimeout: { ms: 3000 },
      loginTimeout: { ms: 2000 },
    })
    const client = await connectClient(rig.port())
    await until(() => rig.engine.snapshot().sessionsActive === 1)
    clock.advance(3200)
    await until(() => client.text === greeting)
    clock.advance(1000)
    await pauseMs(300)
    expect(client.hasEnded).toBe(false)
  })

  it('reads a goodbye when the gateway closes', async () => {
    const { rig } = await stalled()
    const client = await connectClient(rig.port())
    await until(() => rig.engine.snapshot().sessionsActive === 1)
    await rig.gateway.close()
    await until(() => client.hasEnded || client.hasClosed)
    expect(client.text).toMatch(/^421 /)
  })

  it('goes by the new policy when a reload comes meanwhile', async () => {
    const server = await dns(silent)
    const upstream = await startUpstream()
    const clock = new ManualClock()
    const listens = { '127.0.0.1:0': {} }
    const rig = await startRig(
      rigPolicy({ options: { ...authAt(1), ...at(server) }, listens }),
      clock,
    )
    const client = await connectClient(rig.port())
    await until(() => server.asked.length === 1)
    await rig.gateway.reload(rigPolicy({ options: to(upstream), listens }))
    clock.advance(30_200)
    await until(() => client.text === '220 ready\r\n')
  })
})

describe('a relay', () => {
  it('tells its upstream the name by XCLIENT', async () => {
    const server = await dns(good)
    const upstream = await startUpstream((socket) => {
      socket.write('220 ready\r\n')
      socket.on('data', (chunk: Buffer) => {
        upstream.received = Buffer.concat([upstream.received, chunk])
        const isHello = chunk.toString().startsWith('EHLO')
        socket.write(isHello ? '250-hi\r\n250 XCLIENT NAME ADDR\r\n' : '220 again\r\n')
      })
    })
    const policy = rigPolicy({
      options: { ...to(upstream), ...at(server), upstreamXclient: 'required' },
      listens: { '127.0.0.1:0': {} },
    })
    const rig = await startRig(policy)
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 again\r\n')
    expect(upstream.received.toString()).toContain('XCLIENT NAME=mail.example ADDR=127.0.0.1\r\n')
  })

  it('without XCLIENT looks nothing up', async () => {
    const server = await dns(good)
    const upstream = await startUpstream()
    const options = { ...to(upstream), ...at(server) }
    const rig = await startRig(rigPolicy({ options, listens: { '127.0.0.1:0': {} } }))
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 ready\r\n')
    expect(server.asked).toEqual([])
  })
})

describe('a name server given by its name', () => {
  const by = (host: string, port = 53): Values => ({
    resolver: [{ host, port, text: `${host}:${port}` }],
  })

  it('is looked up at the start', async () => {
    const server = await dns(good)
    const { rig } = await setLoginScene({
      service: 'smtp',
      options: { ...named, ...by('localhost', server.port) },
    })
    const client = await connectClient(rig.port())
    await until(() => client.text === greeting, 8000)
    expect(server.questions[0]).toBe('PTR 1.0.0.127.in-addr.arpa')
  }, 15_000)

  it('and not found keeps a reload from being taken', async () => {
    const upstream = await startUpstream()
    const listens = { '127.0.0.1:0': {} }
    const rig = await startRig(rigPolicy({ options: to(upstream), listens }))
    const other = rigPolicy({
      options: { ...to(upstream), ...by('no-such-host.invalid') },
      listens,
    })
    await expect(rig.gateway.reload(other)).rejects.toThrow(
      'host not found in resolver "no-such-host.invalid:53" in rig.conf:7',
    )
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 ready\r\n')
  }, 30_000)
})

describe('a reload with another resolver', () => {
  it('is asked for the next client, whatever the first one said', async () => {
    const other: DnsScript = (question) =>
      question.type === 'PTR'
        ? { records: [{ type: 'PTR', value: 'other.example' }] }
        : good(question)
    const [one, two] = [await dns(good), await dns(other)]
    const { rig, auth } = await setLoginScene({
      service: 'smtp',
      options: { ...named, ...at(one) },
    })
    const logsIn = async (): Promise<void> => {
      const client = await connectClient(rig.port(), `EHLO me\r\nAUTH PLAIN ${plain}\r\n`)
      await until(() => client.text.endsWith('235 2.0.0 OK\r\n'))
    }
    await logsIn()
    await logsIn()
    const options = { ...authAt(auth.port), ...named, ...at(two) }
    await rig.gateway.reload(rigPolicy({ options, listens: { '127.0.0.1:0': {} } }))
    await logsIn()
    expect(auth.asked.map(({ headers }) => headers.get('client-host'))).toEqual([
      'mail.example',
      'mail.example',
      'other.example',
    ])
    expect(one.asked.length).toBe(3)
  })
})
