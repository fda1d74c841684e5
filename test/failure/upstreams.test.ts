// Mail servers behind the gate that fail: the client is told in order, and its slot comes back.

import { describe, expect, it, onTestFinished } from 'vitest'
import { Gate } from '../e2e/kit/gate.ts'
import { until } from '../e2e/kit/until.ts'
import { FakeUpstream } from '../e2e/kit/upstream.ts'
import { sessionsHeld } from '../e2e/kit/witness.ts'

const noUpstream = '421 4.4.5 Service unavailable\r\n'

async function secondUpstream(): Promise<FakeUpstream> {
  const upstream = await FakeUpstream.start()
  onTestFinished(() => upstream.close())
  return upstream
}

describe('an upstream that fails', () => {
  it('by dying in the middle of a session ends that session and frees its slot', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    const client = await gate.admits('A@25')
    await client.command('EHLO a.test')
    gate.upstream.resetAll()
    await client.over()
    await gate.isEmpty()
    expect(await gate.play('B@25 ok, C@25 421')).toHaveLength(1)
  })

  it('by refusing gives the client 421 and its slot back, until it is there again', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    gate.upstream.stopListening()
    for (let round = 0; round < 3; round += 1) {
      const client = gate.connect('A@25')
      await client.over()
      expect(client.text).toBe(noUpstream)
      expect(client.hasEnded).toBe(true)
      await gate.isEmpty()
    }
    await gate.logs(/connect\(\) failed \(111: [^)]+\) while connecting to upstream, client: /)
    await gate.upstream.listen()
    expect(await gate.play('A@25 ok')).toHaveLength(1)
  })

  it('by resetting every connection at once leaves nothing behind', async () => {
    const gate = await Gate.start({
      config: 'E{SS=1 Listen ":25"{}}',
      upstream: { serve: ({ socket }) => socket.resetAndDestroy() },
    })
    for (let round = 0; round < 20; round += 1) {
      const client = gate.connect('A@25')
      await client.over()
      expect(['', noUpstream]).toContain(client.text)
      await gate.counts(0)
    }
    await gate.isEmpty()
  })

  it('by saying nothing does not keep the slot of a client that leaves (S23)', async () => {
    const gate = await Gate.start({
      config: 'E{SS=1 Listen ":25"{}}',
      upstream: { banner: '' },
    })
    const client = gate.connect('A@25')
    await gate.upstream.hasConnections(1)
    await gate.refuses('B@25')
    client.socket.end()
    await gate.isEmpty()
    const second = gate.connect('A@25')
    await gate.upstream.hasConnections(1)
    second.reset()
    await gate.isEmpty()
  })

  it('is skipped for another one, which gets every session', async () => {
    const other = await secondUpstream()
    const gate = await Gate.start({
      config: `ESMTP_Listener { Upstream = ( "{upstream}" "${other.address}" ) Listen ":25" {} }`,
    })
    gate.upstream.stopListening()
    expect(await gate.play('A@25 x6 ok')).toHaveLength(6)
    expect(other.openCount).toBe(6)
  })

  it('shares the sessions with the others while all of them live', async () => {
    const other = await secondUpstream()
    const gate = await Gate.start({
      config: `ESMTP_Listener { Upstream = ( "{upstream}" "${other.address}" ) Listen ":25" {} }`,
    })
    expect(await gate.play('A@25 x6 ok')).toHaveLength(6)
    expect([gate.upstream.openCount, other.openCount]).toEqual([3, 3])
  })

  it('together with all others gives 421, and the slot is free again', async () => {
    const other = await secondUpstream()
    const gate = await Gate.start({
      config: `ESMTP_Listener { Service_Sessions = 1
        Upstream = ( "{upstream}" "${other.address}" ) Listen ":25" {} }`,
    })
    gate.upstream.stopListening()
    other.stopListening()
    const client = gate.connect('A@25')
    await client.over()
    expect(client.text).toBe(noUpstream)
    await gate.isEmpty()
    await gate.logs(/no live upstreams while connecting to upstream/)
    await other.listen()
    expect(await gate.play('A@25 ok, B@25 421')).toHaveLength(1)
  })

  it.each([
    { service: 'IMAP_Listener', line: '* BYE [UNAVAILABLE] Service unavailable\r\n' },
    { service: 'POP3_Listener', line: '-ERR [SYS/TEMP] Service unavailable\r\n' },
    { service: 'ECStream_Listener', line: '' },
  ])('is reported to clients of $service in their own words', async ({ service, line }) => {
    const gate = await Gate.start({ config: `${service}{Listen ":25"{SS=1}}` })
    gate.upstream.stopListening()
    const client = gate.connect('A@25')
    await client.over()
    expect(client.text).toBe(line)
    await gate.isEmpty()
  })
})

describe('the connection to an upstream', () => {
  it.each([
    { version: 'v1', header: /^PROXY TCP4 127\.0\.0\.65 127\.0\.0\.1 \d+ \d+$/ },
    { version: 'v2', header: /^0d0a0d0a000d0a515549540a2111000c7f0000417f000001/ },
  ])(
    'begins with a PROXY header of $version that names the client',
    async ({ version, header }) => {
      const gate = await Gate.start({
        config: `E{Upstream_Proxy_Protocol = ${version} Listen "127.0.0.1:25"{}}`,
        upstream: { expectsProxyHeader: true },
      })
      await gate.admits('A@25')
      expect(gate.upstream.connections[0]?.proxyHeader).toMatch(header)
    },
  )

  it('names the client that a PROXY header on the way in has named', async () => {
    const gate = await Gate.start({
      config: 'E{Upstream_Proxy_Protocol = v1 Listen ":25"{}}',
      proxy: 'v2',
      upstream: { expectsProxyHeader: true },
    })
    await gate.admits('2001:db8::7@25')
    expect(gate.upstream.connections[0]?.proxyHeader).toMatch(/^PROXY TCP6 2001:db8::7 /)
  })

  it('goes with the client: an upstream never sees more of them than sessions are counted (S1)', async () => {
    const gate = await Gate.start({
      config: 'E{SS=1 Listen ":25"{}}',
      upstream: { serve: ({ socket }) => void socket.write('220 holds on to everything\r\n') },
    })
    const client = await gate.admits('A@25')
    client.reset()
    await until('the end of the client', () => sessionsHeld(gate.pid, gate.place.ports) === 0)
    // The upstream has not closed: the slot waits for it, at most as long as the linger allows (S2).
    expect(gate.upstream.openCount).toBe(1)
    await gate.refuses('B@25')
    await until('the slot', async () => (await gate.status()).sessionsActive === 0)
    expect(await gate.play('B@25 ok')).toHaveLength(1)
    expect(gate.upstream.connections.filter((connection) => !connection.hasEnded)).toHaveLength(1)
  })
})
