// Expectations for auth servers over https, and for connections to them that are kept.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createRawServer } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, it } from 'vitest'
import {
  atCleanUp,
  cleanUp,
  connectClient,
  rigPolicy,
  startRig,
  startUpstream,
  temporaryDirectory,
  until,
} from '../../../test/kit/gateway-rig.ts'
import type { Client, Rig, Values } from '../../../test/kit/gateway-rig.ts'
import { serveImap } from '../../../test/kit/login-servers.ts'

afterEach(cleanUp)

/** What an auth server saw, and how many connections it was. */
interface AuthServer {
  readonly port: number
  readonly asked: IncomingMessage[]
  readonly sockets: Socket[]
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const listening = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  return address.port
}

async function startAuth(server: Server, answer: Answer): Promise<AuthServer> {
  const asked: IncomingMessage[] = []
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request)
    answer(request, response)
  })
  const port = await listening(server)
  atCleanUp(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port, asked, sockets }
}

/** Sends everybody to a mail server, with a body that nobody looks at. */
async function acceptAll(body: string | string[] = ''): Promise<Answer> {
  const { port } = await startUpstream(serveImap)
  return (_request, response) => {
    response.setHeader('Auth-Status', 'OK')
    response.setHeader('Auth-Server', '127.0.0.1')
    response.setHeader('Auth-Port', String(port))
    if (typeof body === 'string') response.setHeader('Content-Length', body.length)
    for (const part of [body].flat()) response.write(part)
    response.end()
  }
}

function startGate(port: number, options: Values, more: { isTls?: true } = {}): Promise<Rig> {
  const address = { kind: 'tcp', host: '127.0.0.1', port } as const
  const server = { address, host: '127.0.0.1', uri: '/auth?x=1', ...more }
  return startRig(
    rigPolicy({
      service: 'imap',
      listens: { '127.0.0.1:0': {} },
      options: { authenticator: { kind: 'http', server }, ...options },
    }),
  )
}

async function logIn(rig: Rig, password = 'secret'): Promise<Client> {
  const client = await connectClient(rig.port(), `a LOGIN u "${password}"\r\n`)
  await until(() => /\r\n.*\r\n$/s.test(client.text))
  return client
}

const admitted = '* OK IMAP4 ready\r\na OK upstream login\r\n'
const broken = '* OK IMAP4 ready\r\n* BAD internal server error\r\n'

describe('a kept connection to an auth server', () => {
  const kept: Values = { authHttpKeepalive: { capMax: 2 } }

  it.each([
    ['a length', 'bye'],
    ['chunks', ['b', 'ye']],
    ['no body', ''],
  ])('is used again after an answer with %s', async (_what, body) => {
    const auth = await startAuth(createServer(), await acceptAll(body))
    const rig = await startGate(auth.port, kept)
    for (let time = 0; time < 4; time += 1) {
      expect((await logIn(rig)).text).toBe(admitted)
      await until(() => rig.engine.snapshot().sessionsActive === time + 1)
    }
    expect([auth.asked.length, auth.sockets.length]).toEqual([4, 1])
    const [first] = auth.asked
    expect([first?.httpVersion, first?.url, first?.headers['connection']]).toEqual([
      '1.1',
      '/auth?x=1',
      'keep-alive',
    ])
    const start = 'Host 127.0.0.1 Auth-Method plain Auth-User u Auth-Pass secret'
    expect(first?.rawHeaders.slice(0, 8).join(' ')).toBe(start)
  })

  it('that died while it was idle is replaced, and the client notices nothing', async () => {
    const auth = await startAuth(createServer(), await acceptAll())
    const rig = await startGate(auth.port, kept)
    expect((await logIn(rig)).text).toBe(admitted)
    // Half dead: the gate hears of it only when it asks.
    const [socket] = auth.sockets
    socket?.removeAllListeners('data')
    socket?.on('data', () => socket.resetAndDestroy())
    expect((await logIn(rig)).text).toBe(admitted)
    expect(auth.sockets.length).toBe(2)
  })

  it('that the server closes is opened anew', async () => {
    const auth = await startAuth(createServer(), await acceptAll())
    const rig = await startGate(auth.port, kept)
    await logIn(rig)
    auth.sockets[0]?.end()
    expect((await logIn(rig)).text).toBe(admitted)
  })

  it('are no more than are asked for', async () => {
    const auth = await startAuth(createServer(), await acceptAll())
    const rig = await startGate(auth.port, kept)
    await Promise.all(Array.from({ length: 6 }, () => logIn(rig)))
    await until(() => auth.sockets.filter(({ destroyed }) => !destroyed).length <= 2)
  })

  it('carries what a client typed, whatever bytes it is of', async () => {
    const auth = await startAuth(createServer(), await acceptAll())
    const rig = await startGate(auth.port, kept)
    expect((await logIn(rig, 'p\u007F%ä')).text).toBe(admitted)
    expect(Buffer.from(String(auth.asked[0]?.headers['auth-pass']), 'latin1').toString()).toBe(
      'p%7F%25ä',
    )
  })

  it.each([
    ['no http\r\n\r\n', 'sent invalid response'],
    [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`, 'sent too big header in response'],
    ['HTTP/1.1 200 OK\r\nx_y: 1\r\n\r\n', 'sent invalid header in response'],
    ['HTTP/1.1 200 OK\r\n\r\n', 'did not send server or port'],
    ['', 'prematurely closed connection'],
  ])('that says %j is told of in the log', async (answer, fault) => {
    const server = createRawServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () => socket.end(answer))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    atCleanUp(() => server.close())
    const address = server.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    const rig = await startGate(port, kept)
    expect((await logIn(rig)).text).toBe(broken)
    expect(rig.log.texts.join('\n')).toContain(
      `error: auth http server 127.0.0.1:${port} ${fault} while in http auth state`,
    )
    expect(JSON.stringify(rig.log.lines)).not.toContain('secret')
  })

  it('is let go when the client leaves, or the server takes too long', async () => {
    const auth = await startAuth(createServer(), () => {})
    const rig = await startGate(auth.port, { ...kept, authHttpTimeout: { ms: 300 } })
    const leaving = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => auth.asked.length === 1)
    leaving.socket.destroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    await until(() => auth.sockets.every(({ destroyed }) => destroyed))
    expect((await logIn(rig)).text).toBe(broken)
    expect(rig.log.texts.join('\n')).toContain('timed out (110: Connection timed out)')
  })
})

describe('an auth server over https', () => {
  async function startTlsAuth(commonName: string): Promise<{ auth: AuthServer; path: string }> {
    const made = await generate([{ name: 'commonName', value: commonName }], {
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: commonName }] }],
    })
    const path = join(temporaryDirectory(), 'ca.pem')
    writeFileSync(path, made.cert)
    const server = createTlsServer({ key: made.private, cert: made.cert })
    server.on('tlsClientError', () => {})
    return { auth: await startAuth(server, await acceptAll()), path }
  }

  it.each([
    ['one connection for each question', {}, 2],
    ['a kept connection', { authHttpKeepalive: { capMax: 2 } }, 1],
  ])('is asked by %s, when its certificate is right', async (_what, more, connections) => {
    const { auth, path } = await startTlsAuth('auth.test')
    const trusted = { authHttpTlsCa: { path }, authHttpTlsName: 'auth.test', ...more }
    const rig = await startGate(auth.port, trusted, { isTls: true })
    expect((await logIn(rig)).text).toBe(admitted)
    expect((await logIn(rig)).text).toBe(admitted)
    expect(auth.sockets.length).toBe(connections)
  })

  it.each([{}, { authHttpKeepalive: { capMax: 2 } }])(
    'gets no password when its certificate is not trusted, or is of another name: %j',
    async (more) => {
      const { auth, path } = await startTlsAuth('auth.test')
      const strange = await startGate(
        auth.port,
        { authHttpTlsName: 'auth.test', ...more },
        { isTls: true },
      )
      expect((await logIn(strange)).text).toBe(broken)
      expect(strange.log.texts.join('\n')).toMatch(/SSL_do_handshake\(\) failed \(.*self-signed/)
      const wrong = { authHttpTlsCa: { path }, authHttpTlsName: 'other.test', ...more }
      const misnamed = await startGate(auth.port, wrong, { isTls: true })
      expect((await logIn(misnamed)).text).toBe(broken)
      expect(misnamed.log.texts.join('\n')).toMatch(/SSL_do_handshake\(\) failed \(.*altnames/)
      expect(auth.asked).toEqual([])
    },
  )

  it('is asked without looking at its certificate only where that is said', async () => {
    const { auth } = await startTlsAuth('auth.test')
    const rig = await startGate(auth.port, { authHttpTlsVerify: false }, { isTls: true })
    expect((await logIn(rig)).text).toBe(admitted)
  })

  it('whose authorities cannot be read keeps the gate from starting', async () => {
    const missing = { authHttpTlsCa: { path: '/nowhere.pem' } }
    await expect(startGate(1, missing, { isTls: true })).rejects.toThrow(
      'Auth_HTTP_TLS_CA: cannot read "/nowhere.pem" (2: No such file or directory) (rig.conf:7)',
    )
  })
})
