// Conformance cases of momentum section 9 about PROXY headers on the way in.

import { describe, expect, it } from 'vitest'
import { Gate } from './kit/gate.ts'
import { localHeader, proxyHeader } from './kit/proxy-header.ts'
import { until } from './kit/until.ts'

describe('Momentum conformance, PROXY protocol', () => {
  it.each(['v1', 'v2'] as const)('case 48: the address of a %s header counts', async (proxy) => {
    const gate = await Gate.start({
      config: 'E{Listen ":25"{} Peer "10.0.0.0/8"{SS=1}}',
      proxy,
    })
    expect(await gate.play('10.0.0.1@25 ok, 10.0.0.2@25 421, 203.0.113.1@25 ok')).toHaveLength(2)
  })

  it('case 48: a header in pieces, with the first command right behind it, is one header', async () => {
    const gate = await Gate.start({
      config: 'E{Listen ":25"{} Peer "10.0.0.0/8"{SS=1}}',
      proxy: 'v2',
    })
    const header = proxyHeader('v2', '10.0.0.1')
    const client = gate.connect('10.0.0.1@25', { first: header.subarray(0, 7) })
    await until('the session', async () => (await gate.status()).sessionsActive === 1)
    client.send(Buffer.concat([header.subarray(7), Buffer.from('EHLO a.test\r\n')]))
    await client.receives('250 2.0.0 ok\r\n')
    await gate.refuses('10.0.0.2@25')
  })

  it('case 49: half a header holds the slot until its timeout (S12)', async () => {
    const gate = await Gate.start({
      config: 'E{SS=1 Listen ":25"{Proxy_Protocol_Timeout=2}}',
      proxy: 'v1',
    })
    const stalled = gate.connect('A@25', { first: 'PROXY TCP4 192.0' })
    await until('the session', async () => (await gate.status()).sessionsActive === 1)
    await gate.refuses('B@25')
    await stalled.over()
    expect(stalled.text).toBe('')
    await gate.isEmpty()
    expect(gate.upstream.connections).toHaveLength(0)
    expect(await gate.play('B@25 ok')).toHaveLength(1)
  })

  it.each([
    { what: 'an early EHLO', first: 'EHLO x\r\n' },
    { what: 'a malformed header', first: 'PROXY TCP4 10.0.0.1 nonsense\r\n' },
    { what: 'a v1 header without an end', first: `PROXY TCP4 ${'1'.repeat(200)}` },
    { what: 'a TLS handshake', first: Buffer.from([0x16, 0x03, 0x01, 0x00, 0xa5, 0x01]) },
  ])('case 50: $what in place of the header is answered with nothing (S12)', async ({ first }) => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}', proxy: 'v1' })
    const client = gate.connect('A@25', { first })
    await client.over()
    expect(client.text).toBe('')
    await gate.isEmpty()
    expect(gate.upstream.connections).toHaveLength(0)
  })

  it('case 51: LOCAL and UNKNOWN keep the real address (S12)', async () => {
    const gate = await Gate.start({
      config: 'E{Listen ":25"{} Peer "127.0.0.0/8"{SS=2} Peer "10.0.0.0/8"{SS=1}}',
      proxy: 'v1',
    })
    for (const first of [localHeader(), 'PROXY UNKNOWN\r\n']) {
      const client = gate.connect('A@25', { first })
      expect(await client.isAdmitted()).toBe(true)
    }
    for (const first of [localHeader(), 'PROXY UNKNOWN 10.0.0.1 10.0.0.2 1 2\r\n']) {
      const client = gate.connect('A@25', { first })
      expect(await client.isAdmitted()).toBe(false)
    }
    expect(await gate.play('10.0.0.1@25 ok, 10.0.0.1@25 421')).toHaveLength(1)
  })
})
