// The log lines of CONTRACT.md, as an nginx operator's filters will match them.

import { describe, expect, it } from 'vitest'
import { Gate } from './kit/gate.ts'

const stamp = String.raw`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d`

/** A line of one session: level, text, and what stands behind it. */
function sessionLine(level: string, text: string, tail: string): RegExp {
  return new RegExp(String.raw`${stamp} \[${level}\] \d+#0: \*\d+ ${text}, client: ${tail}$`, 'm')
}

const client = String.raw`127\.0\.0\.66`

describe('the log', () => {
  it('names the limit, the scope and the counts of a refusal', async () => {
    const gate = await Gate.start({ config: 'E{SS=2 Listen ":25"{LS=1} Listen ":587"{}}' })
    const ports = { smtp: gate.place.portFor(25), submission: gate.place.portFor(587) }
    await gate.play('A@25 ok, B@25 421')
    const listen = String.raw`ESMTP_Listener Listen \*:${ports.smtp}`
    await gate.logs(
      sessionLine(
        'error',
        String.raw`limiting sessions by listener_sessions "${listen}" \(1/1\)`,
        String.raw`${client}, server: \*:${ports.smtp}`,
      ),
    )
    await gate.play('A@587 ok, B@587 421')
    await gate.logs(
      sessionLine(
        'error',
        String.raw`limiting sessions by service_sessions "ESMTP_Listener" \(2/2\)`,
        String.raw`${client}, server: \*:${ports.submission}`,
      ),
    )
    expect(gate.log.match(/limiting sessions/g)).toHaveLength(2)
  })

  it('names the block that refused', async () => {
    const gate = await Gate.start({
      config: 'E{Peer "10.0.0.0/8"{SS=1} Listen ":25"{}}',
      proxy: 'v1',
    })
    await gate.play('10.0.0.1@25 ok, 10.0.0.2@25 421')
    const [line] = await gate.logs(/^.*limiting sessions.*$/m)
    expect(line).toMatch(
      sessionLine(
        'error',
        String.raw`limiting sessions by service_sessions "ESMTP_Listener Peer 10\.0\.0\.0/8" \(1/1\)`,
        String.raw`10\.0\.0\.2, server: \*:\d+`,
      ),
    )
  })

  it('says of a dry run what it would have refused, and admits (S18)', async () => {
    const gate = await Gate.start({
      config: 'E{SS=1 Service_Sessions_Dry_Run=true LS=3 Listen ":25"{}}',
    })
    expect(await gate.play('A@25 ok, B@25 x2 ok, B@25 421')).toHaveLength(3)
    for (const used of [1, 2]) {
      await gate.logs(
        sessionLine(
          'error',
          String.raw`limiting sessions, dry run, by service_sessions "ESMTP_Listener" \(${used}/1\)`,
          String.raw`${client}, server: \*:\d+`,
        ),
      )
    }
    // The dry limit does not stop the one after it.
    await gate.logs(/limiting sessions by listener_sessions "ESMTP_Listener" \(3\/3\)/)
  })

  it('has one line per record, whatever a client sends', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}', proxy: 'v1' })
    const broken = gate.connect('A@25', { first: 'PROXY TCP4 10.0.0.1\u001b[31m [emerg] x\r\n' })
    await broken.over()
    await gate.logs(/broken header: .* while reading PROXY protocol, client: /)
    const lines = gate.log.trimEnd().split('\n')
    for (const line of lines) expect(line).toMatch(new RegExp(`${stamp} \\[[a-z]+\\] \\d+#0: `))
    // That none is there is what is tested.
    expect(gate.log).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/)
  })

  it('keeps a flood of refusals out, and counts what it keeps out', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    await gate.play('A@25 ok')
    const flood = Array.from({ length: 400 }, () => gate.connect('B@25'))
    await Promise.all(flood.map((refused) => refused.isAdmitted()))
    const [, suppressed = ''] = await gate.logs(/and (\d+) more like it were not logged/)
    const written = gate.log.match(/limiting sessions by service_sessions "/g)?.length ?? 0
    expect(written + Number(suppressed)).toBe(400)
    expect(written).toBeLessThan(300)
  })

  it('goes to its file at its level', async () => {
    const gate = await Gate.start({
      config: 'E{SS=1 Listen ":25"{}}',
      errorLog: 'error.log error',
    })
    await gate.play('A@25 ok, B@25 421')
    const text = await gate.logFile('error.log', /limiting sessions by service_sessions/)
    expect(text).not.toMatch(/\[(warn|notice|info|debug)\]/)
    expect(gate.log).toBe('')
  })
})
