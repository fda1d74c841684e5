// The SMTP watch inside the relay: that options which ask for it are acted on, on real sockets.

import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  cleanUp,
  connectClient,
  rigPolicy,
  startRig,
  startUpstream,
  to,
  until,
} from '../../test/kit/gateway-rig.ts'
import type { Client, FakeUpstream, Rig, Values } from '../../test/kit/gateway-rig.ts'

afterEach(cleanUp)

const listens = { '127.0.0.1:0': {} }

/** Greets and says yes to every line; the message is over when its dot has come. */
function agree(socket: Socket): void {
  let isInMessage = false
  let rest = ''
  socket.write('220 behind.example ESMTP\r\n')
  socket.on('end', () => socket.end())
  socket.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (isInMessage && line !== '.') continue
      const isData = line === 'DATA'
      isInMessage = isData
      if (isData) socket.write('354 go on\r\n')
      else if (line.startsWith('EHLO'))
        socket.write('250-behind.example\r\n250 XCLIENT ADDR PORT\r\n')
      else if (line.startsWith('XCLIENT')) socket.write('220 behind.example ESMTP\r\n')
      else socket.write('250 ok\r\n')
    }
  })
}

interface Watched {
  readonly rig: Rig
  readonly upstream: FakeUpstream
  readonly client: Client
  readonly policyWith: (values: Values) => ReturnType<typeof rigPolicy>
}

async function watched(values: Values): Promise<Watched> {
  const upstream: FakeUpstream = await startUpstream((socket) => {
    socket.on('data', (chunk: Buffer) => {
      upstream.received = Buffer.concat([upstream.received, chunk])
    })
    agree(socket)
  })
  const policyWith = (more: Values): ReturnType<typeof rigPolicy> =>
    rigPolicy({ options: { ...to(upstream), ...values, ...more }, listens })
  const rig = await startRig(policyWith({}))
  const client = await connectClient(rig.port())
  await until(() => client.text.startsWith('220'))
  return { rig, upstream, client, policyWith }
}

async function say(client: Client, line: string, answer: string): Promise<void> {
  client.socket.write(`${line}\r\n`)
  await until(() => client.text.endsWith(`${answer}\r\n`))
  client.received = Buffer.alloc(0)
}

async function sendMessage(client: Client): Promise<void> {
  await say(client, 'MAIL FROM:<a@a.example>', '250 ok')
  await say(client, 'RCPT TO:<b@b.example>', '250 ok')
  await say(client, 'DATA', '354 go on')
  await say(client, 'Subject: x\r\n\r\nhello\r\n.', '250 ok')
}

describe('the watch in the relay', () => {
  it('greets with Banner_Hostname', async () => {
    const { client } = await watched({ bannerHostname: 'gate.example' })
    expect(client.text).toBe('220 gate.example ESMTP\r\n')
  })

  it('ends the session after Max_Receptions_Per_Connection, and gives its slot back', async () => {
    const { rig, client } = await watched({ maxReceptions: { capMax: 1 } })
    await sendMessage(client)
    client.socket.write('MAIL FROM:<a@a.example>\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toMatch(/^421 4\.5\.3 /)
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    expect(rig.log.texts).toContain('info: batch limit reached')
  })

  it('says Reconfig_Message after a reload, between messages', async () => {
    const { rig, client, policyWith } = await watched({ reconfigMessage: '4.3.2 Reconfiguration' })
    await sendMessage(client)
    await rig.gateway.reload(policyWith({ idle: { ms: 60_000 } }))
    client.socket.write('MAIL FROM:<a@a.example>\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toBe('421 4.3.2 Reconfiguration\r\n')
  })

  it('tells the upstream by XCLIENT who the client is, before the client is greeted', async () => {
    const { client, upstream } = await watched({ upstreamXclient: 'required' })
    expect(client.text).toBe('220 behind.example ESMTP\r\n')
    await say(client, 'NOOP', '250 ok')
    const { localPort } = client.socket
    expect(upstream.received.toString()).toMatch(
      new RegExp(
        `^EHLO \\[127\\.0\\.0\\.1\\]\r\nXCLIENT ADDR=127\\.0\\.0\\.1 PORT=${localPort}\r\nNOOP\r\n$`,
      ),
    )
  })

  it('passes a half-close on when all was forwarded', async () => {
    const { rig, client } = await watched({ maxReceptions: { capMax: 5 } })
    client.socket.end('NOOP\r\n')
    await until(() => client.hasEnded)
    expect(client.text.endsWith('250 ok\r\n')).toBe(true)
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('lets large messages through with bounded memory on the way', async () => {
    const { client, rig } = await watched({ maxReceptions: { capMax: 5 } })
    await say(client, 'MAIL FROM:<a@a.example>', '250 ok')
    await say(client, 'DATA', '354 go on')
    const body = `${'x'.repeat(998)}\r\n`.repeat(5000)
    client.socket.write(body)
    await say(client, '.', '250 ok')
    expect(rig.gateway.stats().bytesFromClients).toBeGreaterThan(5_000_000)
  })
})
