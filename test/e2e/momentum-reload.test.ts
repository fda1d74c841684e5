// Conformance cases of momentum section 9 about reloads.

import { describe, expect, it } from 'vitest'
import { Gate } from './kit/gate.ts'

describe('Momentum conformance, reload', () => {
  it('case 46: sessions above a lowered cap stay, and new ones wait for room (S19)', async () => {
    const gate = await Gate.start({ config: 'E{SS=3 Listen ":25"{}}' })
    const open = await gate.play('A@25 x3 ok')
    await gate.reload('E{SS=1 Listen ":25"{}}')
    for (const [left, client] of open.entries()) {
      await gate.refuses('B@25')
      expect(await client.command('NOOP')).toMatch(/^250 /)
      await client.close()
      await gate.holds(2 - left)
    }
    expect(await gate.play('B@25 ok, B@25 421')).toHaveLength(1)
  })

  it('case 47: with Reconfig_Message a session of the old policy ends at MAIL FROM', async () => {
    const config = 'E{Reconfig_Message="4.3.2 Reconfiguration in progress" Listen ":25"{}}'
    const gate = await Gate.start({ config })
    const client = await gate.admits('A@25')
    expect(await client.command('EHLO a.test')).toMatch(/^250 /)
    await gate.reload(config)
    expect(await client.command('MAIL FROM:<a@a.test>')).toBe(
      '421 4.3.2 Reconfiguration in progress\r\n',
    )
    await client.over()
    await gate.isEmpty()
    expect(gate.upstream.connections[0]?.received.toString()).not.toContain('MAIL')
  })

  it('case 47: with Reconfig_Message a message under way is finished first', async () => {
    const config = 'E{Reconfig_Message="4.3.2 Reconfiguration in progress" Listen ":25"{}}'
    const gate = await Gate.start({ config })
    const client = await gate.admits('A@25')
    for (const line of ['EHLO a.test', 'MAIL FROM:<a@a.test>', 'RCPT TO:<b@b.test>']) {
      expect(await client.command(line)).toMatch(/^250 /)
    }
    await gate.reload(config)
    expect(await client.command('DATA')).toMatch(/^354 /)
    // A line of the message that looks like a command is no command.
    expect(await client.command('MAIL FROM:<x@x.test>\r\n.')).toMatch(/^250 /)
    expect(await client.command('RSET')).toMatch(/^421 4\.3\.2 /)
    await client.over()
  })

  it('case 47: without Reconfig_Message the session goes on (S19)', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    const client = await gate.admits('A@25')
    await gate.reload('E{SS=9 Listen ":25"{}}')
    for (const line of ['EHLO a.test', 'MAIL FROM:<a@a.test>', 'RSET']) {
      expect(await client.command(line)).toMatch(/^250 /)
    }
    await gate.holds(1)
  })

  it('case 55: a cap that a reload adds sees the sessions already open (S4)', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    const [first] = await gate.play('A@25 x2 ok')
    await gate.reload('E{SS=2 Listen ":25"{}}')
    await gate.refuses('A@25')
    await first?.close()
    await gate.holds(1)
    expect(await gate.play('A@25 ok, A@25 421')).toHaveLength(1)
  })

  it('case 55: the same holds for the cap of a block and of a Listen', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{} Listen ":587"{}}', proxy: 'v1' })
    await gate.play('10.0.0.1@25 x2 ok, 192.0.2.1@587 x2 ok')
    await gate.reload('E{Listen ":25"{} Listen ":587"{LS=2} Peer "10.0.0.0/8"{SS=2}}')
    expect(await gate.play('10.0.0.2@25 421, 192.0.2.2@587 421, 192.0.2.2@25 ok')).toHaveLength(1)
  })
})
