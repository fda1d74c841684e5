// Conformance cases of momentum section 9 about when a slot is taken and when it comes back.

import { describe, expect, it } from 'vitest'
import { refusalLine } from './kit/client.ts'
import { Gate } from './kit/gate.ts'
import { seededRandom } from './kit/random.ts'
import { sleep, until } from './kit/until.ts'

/** The table asks for 1000; the other half of the storm is in test/failure/storm.test.ts. */
const rounds = 500

describe('Momentum conformance, life of a slot', () => {
  it('case 03: a slot that is given back admits the next client', async () => {
    const gate = await Gate.start({ config: 'E{SS=2 Listen ":25"{}}' })
    const first = await gate.admits('A@25')
    expect(await gate.play('A@25 ok, A@25 421')).toHaveLength(1)
    await first.close()
    await gate.holds(1)
    expect(await gate.play('A@25 ok, A@25 421')).toHaveLength(1)
  })

  it('case 04: the refused client reads the one line, no banner, and the end', async () => {
    const gate = await Gate.start({ config: 'E{SS=2 Listen ":25"{}}' })
    await gate.play('A@25 x2 ok')
    const refused = gate.connect('B@25')
    refused.holdsOpen = true
    await until('the end', () => refused.hasEnded)
    expect(refused.text).toBe(refusalLine)
    expect(refused.text).toBe('421 4.4.5 Service unavailable, concurrency limit reached.\r\n')
  })

  it('case 11: both caps hold at once, and the log says which one refused', async () => {
    const gate = await Gate.start({ config: 'E{SS=4 LS=3 Listen ":25"{} Listen ":587"{}}' })
    expect(await gate.play('A@25 x3 ok, A@25 421')).toHaveLength(3)
    await gate.logs(/limiting sessions by listener_sessions "[^"]+" \(3\/3\)/)
    expect(gate.log).not.toContain('limiting sessions by service_sessions')
    expect(await gate.play('A@587 ok, A@587 421')).toHaveLength(1)
    await gate.logs(/limiting sessions by service_sessions "[^"]+" \(4\/4\)/)
  })

  it('case 12: without Idle_Time a silent session holds its slot', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    const silent = await gate.admits('A@25')
    // The table waits ten minutes. That no idle limit is in force is what makes any wait the same,
    // so the running daemon is asked for it; the three seconds are for a limit in disguise.
    expect(await gate.optionOf('A@25', 'idle')).toEqual({})
    await sleep(3000)
    await gate.refuses('B@25')
    expect(silent.isLive).toBe(true)
  })

  it('case 13: Idle_Time ends a silent session and gives its slot back', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 IT=2 Listen ":25"{}}' })
    const startMs = performance.now()
    const silent = await gate.admits('A@25')
    await gate.refuses('B@25')
    await silent.over()
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(2000)
    await gate.holds(0)
    expect(await gate.play('B@25 ok')).toHaveLength(1)
  })

  it('case 14: a session keeps its slot after QUIT until it is fully closed (S1)', async () => {
    const gate = await Gate.start({
      config: 'E{SS=1 Listen ":25"{}}',
      upstream: { holdsAfterQuit: true },
    })
    const leaving = await gate.admits('A@25')
    leaving.holdsOpen = true
    expect(await leaving.command('QUIT')).toBe('221 2.0.0 bye\r\n')
    await gate.refuses('B@25')
    gate.upstream.endAll()
    await until('the end at the client', () => leaving.hasEnded)
    // Our last byte is out, the client's end is not in: the session lingers and holds its slot (S2).
    await gate.refuses('B@25')
    await leaving.close()
    await gate.holds(0)
    expect(await gate.play('B@25 ok')).toHaveLength(1)
  })

  it('case 15: refused sessions hold no slot (S3)', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    const first = await gate.admits('A@25')
    await gate.play('B@25 421, C@25 421, D@25 421')
    await first.close()
    await gate.holds(0)
    expect(await gate.play('E@25 ok')).toHaveLength(1)
  })

  it('case 53: of 5 at the same instant a cap of 4 admits 4, round after round', async () => {
    const gate = await Gate.start({ config: 'E{SS=4 Listen ":25"{}}' })
    const random = seededRandom()
    for (let round = 0; round < rounds; round += 1) {
      const clients = Array.from({ length: 5 }, () => gate.connect('A@25'))
      const answers = await Promise.all(clients.map((client) => client.isAdmitted()))
      expect(answers.filter(Boolean), `round ${round}`).toHaveLength(4)
      for (const client of clients) {
        random.pick([
          () => client.reset(),
          () => client.socket.end(),
          () => client.send('QUIT\r\n'),
        ])()
      }
      await gate.counts(0)
    }
    await gate.isEmpty()
    expect(gate.upstream.highestCount).toBe(4)
    expect(await gate.status()).toMatchObject({ admittedTotal: 4 * rounds, refusedTotal: rounds })
  })

  it('case 54: a client killed in the middle of DATA gives its slot back once', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    const killed = await gate.admits('A@25')
    for (const line of ['EHLO a.test', 'MAIL FROM:<a@a.test>', 'RCPT TO:<b@b.test>']) {
      expect(await killed.command(line)).toMatch(/^250 /)
    }
    expect(await killed.command('DATA')).toMatch(/^354 /)
    killed.send('Subject: half a message\r\n\r\nThis line never en')
    await until('the half message behind', () =>
      gate.upstream.connections[0]?.received.includes('never en'),
    )
    killed.reset()
    await gate.isEmpty()
    // Given back twice, the count would be -1 and admit two.
    expect(await gate.play('B@25 ok, C@25 421')).toHaveLength(1)
  })
})
