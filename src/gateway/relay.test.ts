// The relay on real sockets: every byte, both halves, no more memory than a few buffers, and the
// slot back when both sides are closed.

import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
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
import type { Client, FakeUpstream, Rig } from '../../test/kit/gateway-rig.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'

afterEach(cleanUp)

interface Relayed {
  readonly rig: Rig
  readonly upstream: FakeUpstream
  readonly client: Client
  readonly far: Socket
}

async function relayed(onSocket?: (socket: Socket) => void, clock?: ManualClock): Promise<Relayed> {
  const upstream = await startUpstream(onSocket)
  const options = { ...to(upstream), serviceSessions: { capMax: 1 } }
  const rig = await startRig(rigPolicy({ options, listens: { '127.0.0.1:0': {} } }), clock)
  const client = await connectClient(rig.port())
  await until(() => upstream.sockets.length === 1)
  const [far] = upstream.sockets
  if (far === undefined) throw new Error('no upstream connection')
  return { rig, upstream, client, far }
}

const ignore = (): void => {}

describe('the relay', () => {
  it('passes every byte both ways', async () => {
    const sent = randomBytes(3_000_000)
    const { rig, client, far } = await relayed((socket) => socket.pipe(socket))
    client.socket.write(sent)
    await until(() => client.received.length >= sent.length, 20_000)
    expect(client.received.equals(sent)).toBe(true)
    expect(rig.gateway.stats().bytesFromClients).toBe(sent.length)
    expect(rig.gateway.stats().bytesFromUpstreams).toBe(sent.length)
    far.destroy()
  })

  it('stops reading an upstream whose client reads nothing', async () => {
    let written = 0
    const flood = (socket: Socket): void => {
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        while (written < 50_000_000) {
          written += chunk.length
          if (!socket.write(chunk)) return
        }
      }
      socket.on('drain', more)
      more()
    }
    const { rig, client } = await relayed(flood)
    client.socket.pause()
    await pauseMs(1000)
    const passed = rig.gateway.stats().bytesFromUpstreams
    await pauseMs(500)
    // Nothing moves any more, and what moved fits the kernel's socket buffers and a few of ours.
    expect(rig.gateway.stats().bytesFromUpstreams).toBe(passed)
    expect(passed).toBeLessThan(20_000_000)
    client.socket.resume()
    await until(() => rig.gateway.stats().bytesFromUpstreams > passed + 1_000_000, 20_000)
  })

  it('passes small pieces on to a client that did not read for a while', async () => {
    const piece = Buffer.alloc(1000)
    const total = 12_000_000
    const { rig, client } = await relayed((socket) => {
      let written = 0
      const more = (): void => {
        socket.write(piece)
        written += piece.length
        if (written < total) setImmediate(more)
      }
      more()
    })
    let received = client.received.length
    client.socket.removeAllListeners('data')
    client.socket.on('data', (bytes: Buffer) => (received += bytes.length))
    client.socket.pause()
    await until(() => rig.gateway.stats().bytesFromUpstreams > 1_000_000, 20_000)
    let passed = 0
    while (passed < rig.gateway.stats().bytesFromUpstreams) {
      passed = rig.gateway.stats().bytesFromUpstreams
      await pauseMs(200)
    }
    client.socket.resume()
    await until(() => received === total, 20_000)
  })

  it('stops reading a client whose upstream reads nothing', async () => {
    const { rig, client, far } = await relayed((socket) => socket.pause())
    const chunk = Buffer.alloc(65_536)
    for (let sent = 0; sent < 50_000_000; sent += chunk.length) client.socket.write(chunk)
    await pauseMs(1000)
    const passed = rig.gateway.stats().bytesFromClients
    expect(passed).toBeLessThan(20_000_000)
    let received = 0
    far.on('data', (bytes: Buffer) => (received += bytes.length))
    far.resume()
    await until(() => received >= 50_000_000, 20_000)
  })

  it('notices a client that resets while its upstream takes nothing', async () => {
    const { rig, client, far } = await relayed((socket) => socket.pause())
    const chunk = Buffer.alloc(65_536)
    for (let sent = 0; sent < 20_000_000; sent += chunk.length) client.socket.write(chunk)
    await pauseMs(500)
    client.socket.resetAndDestroy()
    await until(() =>
      rig.log.texts.some((text) => text.includes('proxying and reading from client')),
    )
    far.destroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('notices a client that closes in good order while its upstream takes nothing', async () => {
    const clock = new ManualClock()
    const { rig, client, far } = await relayed((socket) => socket.pause(), clock)
    const passed = (): number => rig.gateway.stats().bytesFromClients
    const chunk = Buffer.alloc(65_536)
    let sent = 0
    // Until the gate takes no more: what it has not read then is less than a chunk or two.
    while (passed() === sent) {
      client.socket.write(chunk)
      sent += chunk.length
      for (let tries = 0; passed() < sent && tries < 20; tries += 1) await pauseMs(10)
    }
    client.socket.end()
    await pauseMs(100)
    for (let seconds = 0; seconds < 3; seconds += 1) {
      clock.advance(1100)
      await pauseMs(200)
    }
    expect(passed()).toBe(sent)
    // Its half is closed: the upstream has 30 s to say something, and 5 s to close.
    clock.advance(31_000)
    await pauseMs(300)
    clock.advance(6000)
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    far.destroy()
  })

  it('reads no more than a little ahead of an upstream that takes nothing', async () => {
    const clock = new ManualClock()
    const { rig, client, far } = await relayed((socket) => socket.pause(), clock)
    for (let sent = 0; sent < 20_000_000; sent += 65_536) client.socket.write(Buffer.alloc(65_536))
    await pauseMs(500)
    const stopped = rig.gateway.stats().bytesFromClients
    for (let seconds = 0; seconds < 8; seconds += 1) {
      clock.advance(1100)
      await pauseMs(150)
    }
    expect(rig.gateway.stats().bytesFromClients - stopped).toBeGreaterThan(0)
    expect(rig.gateway.stats().bytesFromClients - stopped).toBeLessThanOrEqual(131_072 + 65_536)
    far.destroy()
    client.socket.destroy()
  })

  it('gives up on an upstream that takes nothing for ten minutes', async () => {
    const clock = new ManualClock()
    const { client } = await relayed((socket) => socket.pause(), clock)
    const chunk = Buffer.alloc(65_536)
    for (let sent = 0; sent < 20_000_000; sent += chunk.length) client.socket.write(chunk)
    await pauseMs(500)
    // A little is read ahead first; then nothing moves.
    for (let seconds = 0; seconds < 4; seconds += 1) {
      clock.advance(1000)
      await pauseMs(200)
    }
    clock.advance(595_000)
    await pauseMs(300)
    expect(client.hasClosed).toBe(false)
    clock.advance(6000)
    await until(() => client.hasClosed)
  })

  it('brings the rest of the answer to a client that has closed its half', async () => {
    const { rig, client } = await relayed((socket) => {
      socket.on('data', ignore)
      socket.on('end', () => {
        socket.write('first ')
        setTimeout(() => socket.end('last'), 50)
      })
    })
    client.socket.end('QUIT\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toBe('first last')
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('gives a half-closed session up after 30 s of silence', async () => {
    const clock = new ManualClock()
    const { rig, client, upstream, far } = await relayed(
      (socket) => socket.on('data', ignore),
      clock,
    )
    client.socket.end()
    await until(() => upstream.endedCount === 1)
    clock.advance(29_000)
    await pauseMs(300)
    expect(client.hasClosed).toBe(false)
    clock.advance(1200)
    await until(() => client.hasEnded)
    far.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('ends the client when the upstream ends, and holds the slot until the client closes', async () => {
    const { rig, client, far } = await relayed((socket) => {
      socket.write('221 bye\r\n')
      socket.on('data', ignore)
    })
    await until(() => client.text === '221 bye\r\n')
    far.end()
    await until(() => client.hasEnded)
    const second = await connectClient(rig.port())
    await until(() => second.hasEnded)
    expect(second.text).toMatch(/^421 /)
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('does not wait more than 5 s for a client that never closes', async () => {
    const clock = new ManualClock()
    const { rig, client, far } = await relayed((socket) => socket.on('data', ignore), clock)
    far.end()
    await until(() => client.hasEnded)
    clock.advance(4000)
    await pauseMs(300)
    expect(rig.engine.snapshot().sessionsActive).toBe(1)
    clock.advance(1500)
    far.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('gives the slot back once when the client resets in the middle', async () => {
    const { rig, client } = await relayed()
    client.socket.write('DATA\r\nhalf a mess')
    await until(() => rig.gateway.stats().bytesFromClients > 0)
    client.socket.resetAndDestroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    const closes = rig.events.filter((event) => event.kind === 'session_closed')
    expect(closes).toHaveLength(1)
    expect(rig.engine.audit(new Set()).drift).toBe(0)
    const next = await connectClient(rig.port())
    await until(() => next.text === '220 ready\r\n')
  })

  it('ends the client when the upstream resets', async () => {
    const { rig, client, far } = await relayed((socket) => socket.on('data', ignore))
    client.socket.write('EHLO x\r\n')
    await until(() => rig.gateway.stats().bytesFromClients > 0)
    far.resetAndDestroy()
    await until(() => client.hasEnded)
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('lets go of an upstream that does not close after its client has gone', async () => {
    const clock = new ManualClock()
    const { rig, client, upstream } = await relayed((socket) => socket.on('data', ignore), clock)
    client.socket.resetAndDestroy()
    await until(() => upstream.endedCount === 1)
    // The upstream has seen the end and keeps its side open: the session is still counted.
    clock.advance(4000)
    await pauseMs(300)
    expect(rig.engine.snapshot().sessionsActive).toBe(1)
    clock.advance(1500)
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('never shows an upstream more connections than sessions are counted', async () => {
    const upstream = await startUpstream()
    const cap = 7
    const options = { ...to(upstream), serviceSessions: { capMax: cap } }
    const rig = await startRig(rigPolicy({ options, listens: { '127.0.0.1:0': {} } }))
    const visit = async (index: number): Promise<void> => {
      const client = await connectClient(rig.port())
      await until(() => client.received.length > 0 || client.hasClosed)
      if (index % 3 === 0) client.socket.resetAndDestroy()
      else if (index % 3 === 1) client.socket.end()
      else client.socket.destroy()
      await until(() => client.hasClosed)
    }
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 60 }, (_, index) => visit(index + round)))
    }
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    expect(upstream.sockets.length).toBeGreaterThan(cap)
    expect(upstream.openMax).toBeLessThanOrEqual(cap)
    expect(rig.engine.audit(new Set()).drift).toBe(0)
  })
})
