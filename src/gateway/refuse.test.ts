// Refusals on real sockets: the words, the FIN, and how long anybody may stay after that.

import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  cleanUp,
  Client,
  connectClient,
  pauseMs,
  rigPolicy,
  startRig,
  startUpstream,
  to,
  until,
} from '../../test/kit/gateway-rig.ts'
import type { Rig, Values } from '../../test/kit/gateway-rig.ts'
import type { ServiceName } from '../policy/policy.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'

afterEach(cleanUp)

const line = '421 4.4.5 Service unavailable, concurrency limit reached.\r\n'

/** A gateway whose one slot is taken. */
async function fullRig(
  service: ServiceName = 'smtp',
  clock?: ManualClock,
  values: Values = {},
): Promise<Rig> {
  const upstream = await startUpstream()
  const options = { ...to(upstream), serviceSessions: { capMax: 1 }, ...values }
  const rig = await startRig(rigPolicy({ service, options, listens: { '127.0.0.1:0': {} } }), clock)
  const first = await connectClient(rig.port())
  await until(() => first.text === '220 ready\r\n')
  return rig
}

describe('a refused client', () => {
  it('reads exactly the line of its protocol, then the end', async () => {
    const words: Readonly<Record<ServiceName, string>> = {
      smtp: line,
      imap: '* BYE [UNAVAILABLE] Service unavailable, concurrency limit reached.\r\n',
      pop3: '-ERR [SYS/TEMP] Service unavailable, concurrency limit reached.\r\n',
      ecstream: '',
    }
    for (const service of ['smtp', 'imap', 'pop3', 'ecstream'] as const) {
      const rig = await fullRig(service)
      const client = await connectClient(rig.port())
      await until(() => client.hasEnded || client.hasClosed)
      expect(client.text).toBe(words[service])
    }
  })

  it('reads its line although it talked first', async () => {
    const rig = await fullRig()
    const client = await connectClient(rig.port(), 'EHLO early.example\r\n'.repeat(200))
    await until(() => client.hasEnded)
    expect(client.text).toBe(line)
    expect(client.error).toBeUndefined()
  })

  it('is counted nowhere and reaches no upstream', async () => {
    const rig = await fullRig()
    const client = await connectClient(rig.port())
    await until(() => client.hasEnded)
    expect(rig.engine.snapshot().sessionsActive).toBe(1)
    expect(rig.gateway.stats().sessionsActive).toBe(1)
    expect(rig.gateway.stats().refusalsLingering).toBe(1)
    client.socket.destroy()
    await until(() => rig.gateway.stats().refusalsLingering === 0)
  })

  it('that stays without a word is closed after 5 s, one that keeps talking after 30 s', async () => {
    const clock = new ManualClock()
    const rig = await fullRig('smtp', clock)
    const silent = await connectClient(rig.port())
    const talker = await connectClient(rig.port())
    await until(() => rig.gateway.stats().refusalsLingering === 2)
    for (let second = 1; second <= 29; second += 1) {
      talker.socket.write('NOOP\r\n')
      clock.advance(1000)
      // The real interval of the wheel brings it up to the clock.
      await pauseMs(140)
      if (second === 4) expect(rig.gateway.stats().refusalsLingering).toBe(2)
      if (second === 7) expect(rig.gateway.stats().refusalsLingering).toBe(1)
    }
    expect(rig.gateway.stats().refusalsLingering).toBe(1)
    clock.advance(3000)
    await until(() => rig.gateway.stats().refusalsLingering === 0)
    expect([silent.text, talker.text]).toEqual([line, line])
  })

  it('is closed at once with lingering_close off, when its line is written', async () => {
    const rig = await fullRig('smtp', undefined, { lingeringClose: false })
    // It keeps its own half open, so only the gate can have closed.
    const client = await connectClient(rig.port())
    await until(() => client.hasEnded)
    expect(client.text).toBe(line)
    await until(() => rig.gateway.stats().refusalsLingering === 0, 1000)
    expect(client.hasClosed).toBe(false)
  })

  it('is closed after lingering_timeout of silence, and after lingering_time in all', async () => {
    const clock = new ManualClock()
    const waits = { lingeringTimeout: { waitMs: 2000 }, lingeringTime: { waitMs: 6000 } }
    const rig = await fullRig('smtp', clock, waits)
    await connectClient(rig.port())
    const talker = await connectClient(rig.port())
    await until(() => rig.gateway.stats().refusalsLingering === 2)
    const left: number[] = []
    for (let second = 1; second <= 8; second += 1) {
      talker.socket.write('NOOP\r\n')
      clock.advance(1000)
      await pauseMs(200)
      left.push(rig.gateway.stats().refusalsLingering)
    }
    expect(left[0]).toBe(2)
    expect(left[3]).toBe(1)
    expect(left[7]).toBe(0)
  })

  it('still reads its line in a flood, and the flood does not pile up', async () => {
    const rig = await fullRig()
    const clients = Array.from({ length: 700 }, () => {
      const options = { host: '127.0.0.1', port: rig.port(), allowHalfOpen: true }
      return new Client(connect(options))
    })
    await until(() => clients.every((client) => client.hasEnded || client.hasClosed), 20_000)
    expect(clients.filter((client) => client.text !== line)).toHaveLength(0)
    expect(rig.gateway.stats().refusalsLingering).toBeLessThanOrEqual(512)
    expect(rig.engine.snapshot().refusedTotal).toBe(700)
  })
})
