// The PROXY header in front: whole, split, late, wrong, and what is counted before and after it.

import { afterEach, describe, expect, it } from 'vitest'
import { parseBlock } from '../base/address.ts'
import {
  cleanUp,
  connectClient,
  pauseMs,
  rigPolicy,
  startRig,
  startUpstream,
  to,
  until,
} from '../../test/kit/gateway-rig.ts'
import type { FakeUpstream, Rig, Values } from '../../test/kit/gateway-rig.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'

afterEach(cleanUp)

const header = 'PROXY TCP4 10.0.0.1 10.0.0.9 4000 25\r\n'

interface Fronted {
  readonly rig: Rig
  readonly upstream: FakeUpstream
}

async function fronted(options: Values = {}, clock?: ManualClock): Promise<Fronted> {
  const upstream = await startUpstream()
  const policy = rigPolicy({
    options: { ...to(upstream), proxyProtocol: true, ...options },
    listens: { '127.0.0.1:0': {} },
    peers: { '10.0.0.0/8': { serviceSessions: { capMax: 1 } } },
  })
  return { rig: await startRig(policy, clock), upstream }
}

describe('the PROXY header', () => {
  it('may come in pieces of one byte, and what follows it goes to the upstream', async () => {
    const { rig, upstream } = await fronted()
    const client = await connectClient(rig.port())
    client.socket.setNoDelay(true)
    for (const byte of header) {
      client.socket.write(byte)
      await pauseMs(1)
    }
    client.socket.write('EHLO x\r\n')
    await until(() => client.text === '220 ready\r\n')
    await until(() => upstream.received.toString() === 'EHLO x\r\n')
    const [session] = rig.engine.sessions()
    expect(session?.address.text).toBe('10.0.0.1')
  })

  it('decides by its address: the block it names is full, others are not', async () => {
    const { rig, upstream } = await fronted()
    const first = await connectClient(rig.port(), header)
    await until(() => first.text === '220 ready\r\n')
    const second = await connectClient(rig.port(), `${header.replace('0.1 ', '0.2 ')}EHLO x\r\n`)
    await until(() => second.hasEnded)
    expect(second.text).toBe('421 4.4.5 Service unavailable, concurrency limit reached.\r\n')
    const other = await connectClient(rig.port(), header.replace('10.0.0.1', '203.0.113.1'))
    await until(() => other.text === '220 ready\r\n')
    expect(upstream.sockets).toHaveLength(2)
    expect(rig.gateway.stats().sessionsActive).toBe(2)
    expect(rig.engine.snapshot().sessionsActive).toBe(2)
  })

  it('that names nobody leaves the real address in force', async () => {
    const { rig } = await fronted()
    const client = await connectClient(rig.port(), 'PROXY UNKNOWN\r\n')
    await until(() => client.text === '220 ready\r\n')
    const [session] = rig.engine.sessions()
    expect(session?.address.text).toBe('127.0.0.1')
  })

  it('that is missing or malformed closes the connection without a byte', async () => {
    const { rig, upstream } = await fronted()
    for (const wrong of ['EHLO x\r\n', 'PROXY TCP4 10.0.0.1\r\n']) {
      const client = await connectClient(rig.port(), wrong)
      await until(() => client.hasClosed || client.hasEnded)
      expect(client.text).toBe('')
    }
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    expect(upstream.sockets).toHaveLength(0)
    const lines = rig.log.texts.filter((text) => text.startsWith('error: broken header: '))
    expect(lines.map((text) => text.split(' while')[0])).toEqual([
      'error: broken header: "EHLO x"',
      'error: broken header: "PROXY TCP4 10.0.0.1"',
    ])
  })

  it('that is late closes the connection without a byte, and its slot was held until then', async () => {
    const clock = new ManualClock()
    const options: Values = { serviceSessions: { capMax: 1 }, proxyProtocolTimeout: { ms: 2000 } }
    const { rig } = await fronted(options, clock)
    const slow = await connectClient(rig.port(), header.slice(0, 9))
    await until(() => rig.engine.snapshot().sessionsActive === 1)
    const next = await connectClient(rig.port(), header)
    await until(() => next.hasEnded)
    expect(next.text).toMatch(/^421 /)
    clock.advance(1800)
    await pauseMs(300)
    expect(slow.hasEnded).toBe(false)
    clock.advance(400)
    await until(() => slow.hasClosed || slow.hasEnded)
    expect(slow.text).toBe('')
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    const last = await connectClient(rig.port(), header)
    await until(() => last.text === '220 ready\r\n')
  })

  it('may take for ever when its timeout is 0', async () => {
    const clock = new ManualClock()
    const { rig } = await fronted({ proxyProtocolTimeout: {} }, clock)
    const slow = await connectClient(rig.port(), header.slice(0, 9))
    await until(() => rig.engine.snapshot().sessionsActive === 1)
    clock.advance(24 * 3_600_000)
    await pauseMs(300)
    slow.socket.write(header.slice(9))
    await until(() => slow.text === '220 ready\r\n')
  })

  it('is not waited for when the client has left', async () => {
    const { rig } = await fronted()
    const client = await connectClient(rig.port(), 'PROXY')
    await until(() => rig.gateway.stats().bytesFromClients === 5)
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    expect(client.text).toBe('')
  })

  it('that comes after a reload took the service away closes the connection', async () => {
    const { rig, upstream } = await fronted()
    const client = await connectClient(rig.port(), header.slice(0, 9))
    await until(() => rig.gateway.stats().bytesFromClients === 9)
    const listens = { '127.0.0.1:0': {} }
    const options = to(upstream)
    await rig.gateway.reload(
      rigPolicy({ service: 'ecstream', options, listens: { '127.0.0.2:0': {} } }),
    )
    client.socket.write(header.slice(9))
    await until(() => client.hasEnded || client.hasClosed)
    expect(client.text).toBe('')
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    await rig.gateway.reload(rigPolicy({ options, listens }))
    const next = await connectClient(rig.port())
    await until(() => next.text === '220 ready\r\n')
  })

  it('is believed of the proxies that are named alone, when any rule names them', async () => {
    const trust = (text: string): Values => {
      const blocks = [parseBlock(text)?.block].filter((block) => block !== undefined)
      return { realIpFrom: { blocks, isUnixTrusted: false } }
    }
    for (const [text, address] of [
      ['127.0.0.0/8', '10.0.0.1'],
      ['192.0.2.0/24', '127.0.0.1'],
    ] as const) {
      const { rig } = await fronted(trust(text))
      const client = await connectClient(rig.port(), header)
      await until(() => client.text === '220 ready\r\n')
      const [session] = rig.engine.sessions()
      expect(session?.address.text).toBe(address)
    }
  })

  it('is believed of nobody when the rule names nobody', async () => {
    const { rig } = await fronted({ realIpFrom: { blocks: [], isUnixTrusted: false } })
    const client = await connectClient(rig.port(), header)
    await until(() => client.text === '220 ready\r\n')
    const [session] = rig.engine.sessions()
    expect(session?.address.text).toBe('127.0.0.1')
  })
})
