// Expectations for logins that a reload overtakes: what they need of the old policy is still theirs.

import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createRawServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, it } from 'vitest'
import {
  atCleanUp,
  cleanUp,
  connectClient,
  rigPolicy,
  span,
  startRig,
  temporaryDirectory,
  until,
} from '../../../test/kit/gateway-rig.ts'
import type { Values } from '../../../test/kit/gateway-rig.ts'

afterEach(cleanUp)

const upstream = [{ kind: 'tcp', host: '127.0.0.1', port: 9 }] as const

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atCleanUp(() => server.close())
  const address = server.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

describe('a reload', () => {
  it('that drops a users file finds a handshake still going on, and its login is answered', async () => {
    const directory = temporaryDirectory()
    const made = await generate([{ name: 'commonName', value: 'gate.test' }], { keyType: 'ec' })
    const users = join(directory, 'users')
    const [pem, key] = [join(directory, 'gate.pem'), join(directory, 'gate.key')]
    writeFileSync(users, `u:$2b$04$${'a'.repeat(53)}\n`, { mode: 0o600 })
    writeFileSync(pem, made.cert)
    writeFileSync(key, made.private, { mode: 0o600 })
    const values = {
      upstream,
      useTls: true,
      tlsCertificate: { files: [{ value: pem, span }] },
      tlsKey: { files: [{ value: key, span }] },
      authenticator: { kind: 'users', file: users },
    } satisfies Values
    const rig = await startRig(
      rigPolicy({ service: 'imap', listens: { '127.0.0.1:0': {} }, options: values }),
    )
    const client = await connectClient(rig.port())
    await until(() => rig.engine.snapshot().sessionsActive === 1)
    await rig.gateway.reload(rigPolicy({ listens: { '127.0.0.2:0': {} }, options: { upstream } }))
    const secured = connectTls({ socket: client.socket, rejectUnauthorized: false })
    let text = ''
    secured.on('error', () => {})
    secured.on('data', (chunk: Buffer) => (text += chunk.toString()))
    secured.write('a LOGIN u p\r\n')
    await until(() => /\r\n.*\r\n$/s.test(text))
    expect(text).toBe('* OK IMAP4 ready\r\n* BAD internal server error\r\n')
  })

  it('after which the old authorities are gone does not touch a session that is not logged in', async () => {
    const made = await generate([{ name: 'commonName', value: 'auth.test' }], { keyType: 'ec' })
    const path = join(temporaryDirectory(), 'ca.pem')
    writeFileSync(path, made.cert)
    const port = await listening(createRawServer((socket) => socket.destroy()))
    const address = { kind: 'tcp', host: '127.0.0.1', port } as const
    const server = { address, host: '127.0.0.1', uri: '/', isTls: true } as const
    const rig = await startRig(
      rigPolicy({
        service: 'imap',
        listens: { '127.0.0.1:0': {} },
        options: { authenticator: { kind: 'http', server }, authHttpTlsCa: { path } },
      }),
    )
    const client = await connectClient(rig.port())
    await until(() => client.text !== '')
    rmSync(path)
    await rig.gateway.reload(rigPolicy({ listens: { '127.0.0.2:0': {} }, options: { upstream } }))
    client.socket.write('a LOGIN u p\r\n')
    await until(() => /\r\n.*\r\n$/s.test(client.text))
    expect(client.text).toBe('* OK IMAP4 ready\r\n* BAD internal server error\r\n')
  })
})

describe('a kept connection to an auth server', () => {
  it('whose answer has a body without an end is closed soon', async () => {
    const sockets: Socket[] = []
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'Auth-Status': 'no', 'Content-Length': 10 })
      response.flushHeaders()
    })
    server.on('connection', (socket) => sockets.push(socket))
    const port = await listening(server)
    const address = { kind: 'tcp', host: '127.0.0.1', port } as const
    const asked = { address, host: '127.0.0.1', uri: '/' }
    const rig = await startRig(
      rigPolicy({
        service: 'imap',
        listens: { '127.0.0.1:0': {} },
        options: {
          authenticator: { kind: 'http', server: asked },
          authHttpKeepalive: { capMax: 2 },
        },
      }),
    )
    const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => /\r\n.*\r\n$/s.test(client.text))
    client.socket.destroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    await until(() => sockets.every(({ destroyed }) => destroyed), 8000)
    expect(sockets.length).toBe(1)
  }, 15_000)
})
