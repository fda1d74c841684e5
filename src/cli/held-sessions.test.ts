// Sessions to pretend are open: read from lines, opened like real ones.

import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../daemon/configuration.ts'
import { noGlobals } from '../daemon/settings.ts'
import { createEngine } from '../engine/create-engine.ts'
import { openHeld, parseHeld } from './held-sessions.ts'

const text = `ESMTP_Listener {
  Upstream = "127.0.0.1:26"
  Service_Sessions = 5
  Listen ":25" {}
  Listen ":2525" { Proxy_Protocol = true }
}`

function engineOf() {
  const source = { file: 'p.conf', text, prefix: '/', searchPath: [], globals: noGlobals }
  const { policy } = readConfiguration(source)
  if (policy === undefined) throw new Error('the policy of this test is wrong')
  return createEngine({ policy })
}

describe('a file of held sessions', () => {
  it('holds a Listen, an address and perhaps a count per line', () => {
    const lines = '# held\n:25 10.0.0.1\n\n*:25 ::1 3 # three\n'
    expect(parseHeld(lines, engineOf())).toEqual({
      held: [
        { listenId: '*:25', from: '10.0.0.1', count: 1 },
        { listenId: '*:25', from: '::1', count: 3 },
      ],
    })
  })

  it.each([
    [':26 10.0.0.1', 'line 1: The policy has no Listen :26.'],
    ['\n:25', 'line 2: a line is LISTEN ADDRESS [COUNT]'],
    [':25 localhost', 'line 1: "localhost" is not an IP address'],
    [':25 10.0.0.1 many', 'line 1: "many" is not a count'],
    [':25 10.0.0.1 999999\n:25 10.0.0.1 2', 'line 2: more than 1000000 sessions in all'],
  ])('says what is wrong with %j', (lines, problem) => {
    expect(parseHeld(lines, engineOf())).toEqual({ problem: expect.stringContaining(problem) })
  })

  it('fills the budgets as real sessions would, and no further', () => {
    const engine = engineOf()
    const parsed = parseHeld(':25 10.0.0.1 4\n:2525 10.0.0.2 3', engine)
    if ('problem' in parsed) throw new Error(parsed.problem)
    expect(openHeld(engine, parsed.held)).toBe(2)
    expect(engine.snapshot().sessionsActive).toBe(5)
  })
})
