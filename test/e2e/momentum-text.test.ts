// Conformance cases of momentum section 9 about the text of a configuration: what is an error, what
// merges, what wins.

import { describe, expect, it, onTestFinished } from 'vitest'
import { tryConnect } from './kit/client.ts'
import { Gate } from './kit/gate.ts'
import { Place } from './kit/place.ts'
import { runProgram } from './kit/process.ts'
import type { Output } from './kit/process.ts'

/** Runs `postern -t` over a configuration. */
async function testConfig(config: string): Promise<Output> {
  const place = new Place({ upstream: '127.0.0.1:2500' })
  onTestFinished(() => place.remove())
  await place.writeConfig('postern.conf', `PIDFile = "{dir}/postern.pid"\n${config}`)
  return runProgram(['-t', '-c', 'postern.conf', '-p', place.directory], { cwd: place.directory })
}

describe('Momentum conformance, configuration text', () => {
  it('case 37: a cap in the global scope is an error with its place', async () => {
    const { code, stderr } = await testConfig('SS=5\nE{Listen ":25"{}}')
    expect(code).toBe(1)
    expect(stderr).toContain('Service_Sessions')
    expect(stderr).toMatch(/postern\.conf:2\b/)
  })

  it.each(['abc', '10k', '-1'])(
    'case 39: a cap of %s is an error with its place',
    async (value) => {
      const { code, stderr } = await testConfig(`E{Listen ":25"{}\nSS=${value}\n}`)
      expect(code).toBe(1)
      expect(stderr).toContain(value)
      expect(stderr).toMatch(/postern\.conf:3\b/)
    },
  )

  it.each([
    'esmtp_listener{ upstream = {upstream} service_sessions = "2" listen :25 {} }',
    'E{SS=2 Listen ":25"{}}',
  ])('case 38: case and quotation marks do not matter in %s', async (config) => {
    const gate = await Gate.start({ config })
    expect(await gate.play('A@25 x2 ok, A@25 421')).toHaveLength(2)
  })

  it('case 40: two stanzas are one listener, and the later value wins', async () => {
    const gate = await Gate.start({ config: 'E{SS=2 Listen ":25"{}} E{SS=1 Listen ":587"{}}' })
    const [first] = await gate.play('A@25 ok, B@25 421, B@587 421')
    await first?.close()
    await gate.holds(0)
    expect(await gate.play('A@587 ok, B@587 421, B@25 421')).toHaveLength(1)
  })

  it.each([
    { config: 'include "b.conf"\nE{SS=3}', cap: 3 },
    { config: 'E{SS=3}\ninclude "b.conf"', cap: 1 },
  ])('case 41: $cap wins because it comes later', async ({ config, cap }) => {
    const gate = await Gate.start({ config, files: { 'b.conf': 'E{SS=1 Listen ":25"{}}' } })
    expect(await gate.play(`A@25 x${cap} ok, A@25 421`)).toHaveLength(cap)
  })

  it('case 42: a Listen that is not enabled is not bound', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{Enable=false} Listen ":587"{}}' })
    expect(await tryConnect(gate.place.portFor(25))).toBe('ECONNREFUSED')
    expect(await gate.play('A@587 ok')).toHaveLength(1)
  })

  it('case 42: Enabled, which is for modules, is named and answered with Enable', async () => {
    const { code, stderr } = await testConfig('E{Listen ":25"{Enabled=false} Listen ":587"{}}')
    expect(code).toBe(1)
    expect(stderr).toMatch(/"?Enabled"?.*/)
    expect(stderr).toMatch(/did you mean "?Enable"?\b/i)
  })
})
