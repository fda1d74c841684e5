// Idle_Time: which value counts, and that it fires on time, whatever the session is doing.

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
import type { Values } from '../../test/kit/gateway-rig.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'
import type { ServiceName } from '../policy/policy.ts'
import { PlanTable } from '../policy/plan-table.ts'
import { idleMsOf } from './idle.ts'

afterEach(cleanUp)

const listens = { '127.0.0.1:0': {} }

function idleMs(service: ServiceName, options: Values): number {
  const plans = new PlanTable(rigPolicy({ service, options, listens }), (plan) => plan)
  return idleMsOf(plans.get('127.0.0.1:0', undefined))
}

describe('the idle limit', () => {
  it('is Idle_Time, and nothing when that is unset or 0', () => {
    expect(idleMs('smtp', { idle: { ms: 7000 }, ecstreamIdle: { ms: 1 } })).toBe(7000)
    expect(idleMs('smtp', {})).toBe(Number.POSITIVE_INFINITY)
    expect(idleMs('imap', { idle: {} })).toBe(Number.POSITIVE_INFINITY)
  })

  it('is for ECStream its own option, else Idle_Time, else 300 s', () => {
    expect(idleMs('ecstream', {})).toBe(300_000)
    expect(idleMs('ecstream', { idle: { ms: 7000 } })).toBe(7000)
    expect(idleMs('ecstream', { idle: { ms: 7000 }, ecstreamIdle: { ms: 5000 } })).toBe(5000)
    expect(idleMs('ecstream', { idle: { ms: 7000 }, ecstreamIdle: {} })).toBe(
      Number.POSITIVE_INFINITY,
    )
  })

  it('closes a silent relay without a word, within a quarter of a second', async () => {
    const upstream = await startUpstream()
    const rig = await startRig(
      rigPolicy({ options: { ...to(upstream), idle: { ms: 700 } }, listens }),
    )
    const startMs = performance.now()
    const client = await connectClient(rig.port())
    await until(() => client.hasEnded || client.hasClosed)
    const tookMs = performance.now() - startMs
    expect(tookMs).toBeGreaterThanOrEqual(700)
    expect(tookMs).toBeLessThan(700 + 250)
    expect(client.text).toBe('220 ready\r\n')
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    expect(rig.log.texts).toContain('info: client timed out (110: Connection timed out)')
  })

  it('begins anew with every byte of either side', async () => {
    const clock = new ManualClock()
    const upstream = await startUpstream()
    const options: Values = { ...to(upstream), idle: { ms: 5000 } }
    const rig = await startRig(rigPolicy({ options, listens }), clock)
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 ready\r\n')
    clock.advance(4000)
    client.socket.write('NOOP\r\n')
    await until(() => upstream.received.length === 6)
    clock.advance(4000)
    upstream.sockets[0]?.write('250 ok\r\n')
    await until(() => client.text.endsWith('250 ok\r\n'))
    clock.advance(4800)
    await pauseMs(300)
    expect(client.hasEnded).toBe(false)
    clock.advance(400)
    await until(() => client.hasEnded || client.hasClosed)
  })

  it('of a new policy holds for sessions that are already open', async () => {
    const clock = new ManualClock()
    const upstream = await startUpstream()
    const rig = await startRig(rigPolicy({ options: to(upstream), listens }), clock)
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 ready\r\n')
    clock.advance(10_000)
    await rig.gateway.reload(
      rigPolicy({ options: { ...to(upstream), idle: { ms: 12_000 } }, listens }),
    )
    await pauseMs(300)
    expect(client.hasEnded).toBe(false)
    clock.advance(2200)
    await until(() => client.hasEnded || client.hasClosed)
  })
})
