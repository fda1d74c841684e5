// Finding an upstream: down, refused, silent, skipped; what is kept meanwhile; who is announced.

import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  blackHole,
  cleanUp,
  Client,
  connectClient,
  deadPort,
  pauseMs,
  rigPolicy,
  startRig,
  startUpstream,
  temporaryDirectory,
  to,
  until,
} from '../../test/kit/gateway-rig.ts'
import type { Rig, Values } from '../../test/kit/gateway-rig.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'
import type { UpstreamAddress } from '../policy/options.ts'
import { markFailed, markWorking, UpstreamPools } from './upstream-pool.ts'

afterEach(cleanUp)

const local = '127.0.0.1:0'
const down = '421 4.4.5 Service unavailable\r\n'

const tcp = (port: number): UpstreamAddress => ({ kind: 'tcp', host: '127.0.0.1', port })

async function rigFor(options: Values, clock?: ManualClock): Promise<Rig> {
  return startRig(rigPolicy({ options, listens: { [local]: {} } }), clock)
}

describe('the upstream', () => {
  it('that refuses costs the client a 421 and gives the slot back', async () => {
    const rig = await rigFor({ upstream: [tcp(await deadPort())] })
    const client = await connectClient(rig.port())
    await until(() => client.hasEnded)
    expect(client.text).toBe(down)
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    expect(rig.log.texts).toContain(
      'error: connect() failed (111: Connection refused) while connecting to upstream',
    )
    expect(rig.log.texts).toContain('error: no live upstreams while connecting to upstream')
    const [first] = rig.log.lines.filter(({ level }) => level === 'error')
    expect(first?.entry.upstream).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(first?.entry.client).toBe('127.0.0.1')
  })

  it('is logged once when it stops answering, and once when it is back', async () => {
    const port = await deadPort()
    const rig = await rigFor({ upstream: [tcp(port)] })
    for (let time = 0; time < 3; time += 1) {
      const client = await connectClient(rig.port())
      await until(() => client.hasEnded)
    }
    await startUpstream(undefined, { port })
    for (let time = 0; time < 3; time += 1) {
      const client = await connectClient(rig.port())
      await until(() => client.text === '220 ready\r\n')
    }
    expect(rig.log.texts.filter((text) => /: upstream (?:stopped|answers)/.test(text))).toEqual([
      'warn: upstream stopped answering',
      'notice: upstream answers again',
    ])
  })

  it('that is missing from the policy costs the client a 421', async () => {
    const rig = await rigFor({})
    const client = await connectClient(rig.port())
    await until(() => client.hasEnded)
    expect(client.text).toBe(down)
    expect(rig.log.texts).toContain('error: no upstream is configured')
  })

  it('is taken by turns, and a dead one is skipped without the client noticing', async () => {
    const [one, two] = [await startUpstream(), await startUpstream()]
    const dead = await deadPort()
    const rig = await rigFor({ upstream: [tcp(one.port), tcp(dead), tcp(two.port)] })
    for (let count = 0; count < 6; count += 1) {
      const client = await connectClient(rig.port())
      await until(() => client.text === '220 ready\r\n')
    }
    const failures = rig.log.texts.filter((text) => text.includes('connect() failed'))
    expect(failures).toHaveLength(1)
    expect(one.sockets.length + two.sockets.length).toBe(6)
    expect(Math.min(one.sockets.length, two.sockets.length)).toBeGreaterThanOrEqual(2)
  })

  it('that was skipped is tried again when all others are dead, too, and when 10 s have passed', () => {
    const pool = new UpstreamPools('/').poolOf([tcp(1), tcp(2)])
    const [first, second] = pool.order(0)
    if (first === undefined || second === undefined) throw new Error('two targets')
    markFailed(first, 1000)
    expect(pool.order(5000).map((target) => target.text)).toEqual([second.text, first.text])
    expect(pool.order(5000).map((target) => target.text)).toEqual([second.text, first.text])
    markFailed(second, 1000)
    expect(new Set(pool.order(5000))).toEqual(new Set([first, second]))
    markWorking(second)
    expect(pool.order(10_999)[0]).toBe(second)
    const firsts = [pool.order(11_000)[0], pool.order(11_000)[0]]
    expect(new Set(firsts)).toEqual(new Set([first, second]))
  })

  it('that does not answer is given up after 10 s and the next one is asked', async () => {
    const clock = new ManualClock()
    const good = await startUpstream()
    const rig = await rigFor({ upstream: [await blackHole(), tcp(good.port)] }, clock)
    const client = await connectClient(rig.port())
    await until(() => rig.gateway.stats().sessionsActive === 1)
    await pauseMs(100)
    clock.advance(9000)
    await pauseMs(300)
    expect(good.sockets).toHaveLength(0)
    clock.advance(1200)
    await until(() => client.text === '220 ready\r\n')
    expect(rig.log.texts).toContain(
      'error: upstream timed out (110: Connection timed out) while connecting to upstream',
    )
  })

  it('gets what the client said before it was there', async () => {
    const upstream = await startUpstream()
    const rig = await rigFor(to(upstream))
    const client = await connectClient(rig.port(), 'EHLO early\r\n')
    await until(() => upstream.received.toString() === 'EHLO early\r\n')
    client.socket.write('QUIT\r\n')
    await until(() => upstream.received.toString() === 'EHLO early\r\nQUIT\r\n')
  })

  it('is not waited for by a client that has left', async () => {
    const rig = await rigFor({ upstream: [await blackHole()] })
    const closed = await connectClient(rig.port())
    const reset = await connectClient(rig.port())
    await until(() => rig.engine.snapshot().sessionsActive === 2)
    closed.socket.end()
    reset.socket.resetAndDestroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('keeps no more than 64 KiB of what an impatient client sends', async () => {
    const clock = new ManualClock()
    const rig = await rigFor({ upstream: [await blackHole()] }, clock)
    const client = await connectClient(rig.port())
    client.socket.write(Buffer.alloc(8_000_000))
    await until(() => rig.gateway.stats().bytesFromClients >= 65_536)
    await pauseMs(300)
    // One read of Node may come on top.
    expect(rig.gateway.stats().bytesFromClients).toBeLessThanOrEqual(65_536 + 65_536)
  })

  it('may be a Unix socket', async () => {
    const path = join(temporaryDirectory(), 'mta')
    const upstream = await startUpstream(undefined, { path })
    const rig = await rigFor({ upstream: [{ kind: 'unix', path }] })
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 ready\r\n')
    expect(upstream.sockets).toHaveLength(1)
  })

  it('learns from a PROXY header who the client is', async () => {
    const upstream = await startUpstream()
    const rig = await rigFor({ ...to(upstream), upstreamProxyProtocol: 'v1' })
    const client = await connectClient(rig.port(), 'NOOP\r\n')
    const { localPort } = client.socket
    const expected = `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${rig.port()}\r\nNOOP\r\n`
    await until(() => upstream.received.length >= expected.length)
    expect(upstream.received.toString()).toBe(expected)
  })

  it('learns both ends that a PROXY header in front of us named', async () => {
    const upstream = await startUpstream()
    const options: Values = {
      ...to(upstream),
      proxyProtocol: true,
      upstreamProxyProtocol: 'v1',
    }
    const rig = await rigFor(options)
    const header = 'PROXY TCP6 2001:db8::1 2001:db8::2 4000 25\r\n'
    await connectClient(rig.port(), `${header}EHLO x\r\n`)
    await until(() => upstream.received.length > 0)
    expect(upstream.received.toString()).toBe(`${header}EHLO x\r\n`)
  })

  it('is told nothing about a Unix client', async () => {
    const upstream = await startUpstream()
    const path = join(temporaryDirectory(), 'in')
    const options: Values = { ...to(upstream), upstreamProxyProtocol: 'v1' }
    await startRig(rigPolicy({ options, listens: { [path]: {} } }))
    const client = new Client(connect({ path, allowHalfOpen: true }))
    await until(() => upstream.received.length > 0)
    expect(upstream.received.toString()).toBe('PROXY UNKNOWN\r\n')
    client.socket.destroy()
  })

  it('that is a mail server not answering leaves the idle limit in force, with a goodbye', async () => {
    const clock = new ManualClock()
    const options: Values = { upstream: [await blackHole()], idle: { ms: 3000 } }
    const rig = await rigFor(options, clock)
    const client = await connectClient(rig.port())
    await until(() => rig.engine.snapshot().sessionsActive === 1)
    clock.advance(3200)
    await until(() => client.hasEnded)
    expect(client.text).toBe('421 4.4.2 Idle timeout, closing connection\r\n')
  })
})
