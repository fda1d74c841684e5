// What a refused client sees, byte for byte, on every service and under pressure; and what nobody
// else sees of it (SEMANTICS S3, S6, S21, S24).

import { describe, expect, it, onTestFinished } from 'vitest'
import { Client, refusalLine } from './kit/client.ts'
import { Gate } from './kit/gate.ts'
import { until } from './kit/until.ts'
import { WireTap } from './kit/wire-tap.ts'

const certificate = 'Use_SSL = true TLS_Certificate = "{dir}/cert.pem" TLS_Key = "{dir}/key.pem"'

describe('a refused client', () => {
  it('that talks first still reads the line', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    await gate.play('A@25 ok')
    for (let round = 0; round < 20; round += 1) {
      const early = gate.connect('B@25', {
        first: 'EHLO early.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n',
      })
      expect(await early.isAdmitted()).toBe(false)
    }
    expect(gate.upstream.connections).toHaveLength(1)
  })

  it('reads the line also as one of 300 at once', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    await gate.play('A@25 ok')
    const flood = Array.from({ length: 300 }, () => gate.connect('B@25'))
    expect(await Promise.all(flood.map((client) => client.isAdmitted()))).toEqual(
      flood.map(() => false),
    )
    expect(flood.map((client) => client.text)).toEqual(flood.map(() => refusalLine))
    expect(await gate.status()).toMatchObject({ sessionsActive: 1, refusedTotal: 300 })
    expect(gate.upstream.connections).toHaveLength(1)
  })

  it('leaves no trace in any budget', async () => {
    const gate = await Gate.start({
      config: 'E{SS=2 LS=9 Listen ":25"{} Peer "127.0.0.0/8"{SS=1 LS=9}}',
    })
    await gate.play('A@25 ok')
    const before = await gate.budgets()
    await gate.play('B@25 421, C@25 421')
    expect(await gate.budgets()).toEqual(before)
  })

  it('that does not leave is let go of, and holds no slot meanwhile', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    const open = await gate.admits('A@25')
    const staying = gate.connect('B@25')
    staying.holdsOpen = true
    await until('the end at the client', () => staying.hasEnded)
    expect(staying.text).toBe(refusalLine)
    await open.close()
    await gate.holds(0)
    expect(await gate.play('C@25 ok')).toHaveLength(1)
    await until('nobody lingers', async () => (await gate.status()).refusalsLingering === 0)
  })

  it.each([
    {
      listener: 'IMAP_Listener',
      banner: '* OK IMAP ready\r\n',
      line: '* BYE [UNAVAILABLE] Service unavailable, concurrency limit reached.\r\n',
    },
    {
      listener: 'POP3_Listener',
      banner: '+OK POP3 ready\r\n',
      line: '-ERR [SYS/TEMP] Service unavailable, concurrency limit reached.\r\n',
    },
    { listener: 'ECStream_Listener', banner: '220 any bytes\r\n', line: '' },
  ])('of $listener reads what its protocol understands', async ({ listener, banner, line }) => {
    const gate = await Gate.start({
      config: `${listener}{Listen ":25"{SS=1}}`,
      upstream: { banner },
    })
    expect((await gate.admits('A@25')).text).toBe(banner)
    const refused = gate.connect('B@25')
    await refused.over()
    expect(refused.text).toBe(line)
    expect(gate.upstream.connections).toHaveLength(1)
  })

  it('of a Unix socket reads the same line', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen "/run/s.sock"{}}' })
    expect(await gate.play('unix ok, unix 421')).toHaveLength(1)
  })
})

describe('implicit TLS', () => {
  it('case 52: the second client reads 421 inside TLS, and nothing in plain text (S24)', async () => {
    const gate = await Gate.start({
      config: `E{SS=1 Listen ":465"{${certificate}}}`,
      hasCertificate: true,
    })
    const first = gate.connect('A@465', { isTls: true })
    expect(await first.isAdmitted()).toBe(true)
    const tap = await WireTap.start(gate.place.portFor(465))
    onTestFinished(() => tap.close())
    const target = { host: '127.0.0.1', port: tap.port }
    const second = new Client({ target, isTls: true })
    onTestFinished(() => void second.socket.destroy())
    expect(await second.isAdmitted()).toBe(false)
    // A TLS record of a handshake begins with 0x16.
    expect(tap.bytes[0]).toBe(0x16)
    expect(tap.bytes.includes('421')).toBe(false)
    expect(tap.bytes.includes('Service')).toBe(false)
    expect(gate.upstream.connections).toHaveLength(1)
  })

  it('case 52: a client without TLS is closed without a byte of plain text (S24)', async () => {
    const gate = await Gate.start({
      config: `E{SS=1 Listen ":465"{${certificate}}}`,
      hasCertificate: true,
    })
    const first = gate.connect('A@465', { isTls: true })
    expect(await first.isAdmitted()).toBe(true)
    const silent = gate.connect('B@465')
    const talker = gate.connect('C@465', { first: 'EHLO plain.test\r\n' })
    await Promise.all([silent.over(), talker.over()])
    expect(silent.text).toBe('')
    // At most a TLS alert, which begins with 0x15.
    expect(talker.text).toMatch(/^(\x15\x03[^]{5})?$/)
    await gate.holds(1)
  })

  it('is relayed in plain text to the upstream, and back', async () => {
    const gate = await Gate.start({
      config: `E{Listen ":465"{${certificate}}}`,
      hasCertificate: true,
    })
    const client = gate.connect('A@465', { isTls: true })
    expect(await client.isAdmitted()).toBe(true)
    expect(await client.command('EHLO a.test')).toMatch(/^250 /)
    expect(gate.upstream.connections[0]?.received.toString()).toBe('EHLO a.test\r\n')
    await client.close()
    await gate.isEmpty()
  })
})
