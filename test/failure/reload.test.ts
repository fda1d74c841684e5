// Reloads in a burst, under traffic and with broken files among them: no session may notice.

import { renameSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Gate } from '../e2e/kit/gate.ts'
import { seededRandom } from '../e2e/kit/random.ts'
import { sleep, until } from '../e2e/kit/until.ts'

const burst = 50
const staying = 10

/** Puts a configuration in place in one step: a reload reads the old one or the whole new one. */
async function replaceConfig(gate: Gate, config: string): Promise<void> {
  const settings = 'PIDFile = "{dir}/postern.pid" Error_Log = "stderr debug"\n'
  const path = await gate.place.writeConfig('next.conf', settings + config)
  renameSync(path, gate.place.path('postern.conf'))
}

describe('a burst of reloads', () => {
  it('closes no live session and keeps every count', async () => {
    const gate = await Gate.start({ config: 'E{SS=100 Listen ":25"{} Listen ":587"{}}' })
    const random = seededRandom()
    const open = await gate.play(`A@25 x${staying / 2} ok, B@587 x${staying / 2} ok`)
    const over = new AbortController()
    let visits = 0
    const traffic = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) {
        const client = gate.connect(random.pick(['A@25', 'B@587']))
        await client.isAdmitted()
        visits += 1
        await sleep(random.below(10))
        if (random.below(2) === 0) client.reset()
        else client.socket.end()
        await client.over()
      }
    })
    for (let turn = 0; turn < burst; turn += 1) {
      const caps = random.pick([
        'SS=100',
        'SS=3',
        'LS=2',
        'SS=0',
        'SS=100 Peer "127.0.0.0/8"{SS=4}',
      ])
      await replaceConfig(
        gate,
        random.below(10) === 0 ? 'E{SS=' : `E{${caps} Listen ":25"{} Listen ":587"{}}`,
      )
      gate.program.signal('SIGHUP')
      await sleep(random.below(5))
    }
    await replaceConfig(gate, `E{SS=${staying + 1} Listen ":25"{} Listen ":587"{}}`)
    const doneBefore = gate.log.split('reload done').length
    gate.program.signal('SIGHUP')
    await until('the last reload', () => gate.log.split('reload done').length > doneBefore)
    over.abort()
    await Promise.all(traffic)
    expect(visits).toBeGreaterThan(burst)
    await gate.holds(staying)
    for (const client of open) expect(await client.command('NOOP')).toMatch(/^250 /)
    expect(await gate.play('C@25 ok, C@587 421')).toHaveLength(1)
    await gate.auditsClean()
    await Promise.all(open.map((client) => client.close()))
    await gate.holds(1)
  })

  it('ends with the last of many files, and a session of before every one of them lives', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    const [open] = await gate.play('A@25 ok')
    for (let cap = burst; cap >= 2; cap -= 1) {
      await replaceConfig(gate, `E{SS=${cap} Listen ":25"{}}`)
      gate.program.signal('SIGHUP')
    }
    await until('the last file in force', async () => {
      const limits = await gate.limitsOf('A@25')
      return limits.some((limit) => limit.option === 'service_sessions' && limit.capMax === 2)
    })
    expect(await gate.play('A@25 ok, A@25 421')).toHaveLength(1)
    expect(await open?.command('NOOP')).toMatch(/^250 /)
  })

  it('takes listens away and brings them back without losing a session', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{} Listen ":587"{}}' })
    const [open] = await gate.play('A@587 ok')
    for (let turn = 0; turn < 5; turn += 1) {
      await gate.reload('E{Listen ":25"{}}')
      expect((await gate.status()).bound).toHaveLength(1)
      expect(await open?.command('NOOP')).toMatch(/^250 /)
      await gate.reload('E{SS=2 Listen ":25"{} Listen ":587"{}}')
      const [visitor] = await gate.play('B@587 ok, B@25 421')
      await visitor?.close()
      await gate.holds(1)
    }
    await open?.close()
    await gate.isEmpty()
  })
})
