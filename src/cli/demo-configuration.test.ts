// The demo's configuration stays the example, and loads.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../daemon/configuration.ts'
import { noGlobals } from '../daemon/settings.ts'
import { demoConfiguration } from './demo-configuration.ts'

const example = readFileSync(new URL('../../examples/momentum/seed.conf', import.meta.url), 'utf8')
const places = {
  smtpPort: 2525,
  submissionPort: 2587,
  socketPath: '/run/demo/smtp.sock',
  upstreamPort: 40000,
}

describe("the demo's configuration", () => {
  it('changes the endpoints of the example and nothing else', () => {
    const changed = demoConfiguration(example, places).split('\n')
    const lines = example.split('\n')
    const different = changed.filter((line, at) => line !== lines[at])
    expect(changed).toHaveLength(lines.length)
    expect(different.map((line) => line.trim())).toEqual([
      'Upstream = "127.0.0.1:40000"',
      'Listen "127.0.0.1:2525" {}',
      'Listen "127.0.0.1:2587" {}',
      'Listen "/run/demo/smtp.sock" {}',
    ])
  })

  it('is a policy without errors', () => {
    const { policy } = readConfiguration({
      file: '/demo/postern.conf',
      text: demoConfiguration(example, places),
      prefix: '/demo',
      searchPath: [],
      globals: noGlobals,
    })
    expect(policy?.listeners[0]?.listens.map((listen) => listen.id)).toEqual([
      '127.0.0.1:2525',
      '127.0.0.1:2587',
      '/run/demo/smtp.sock',
    ])
  })

  it('says so when the example has lost what it replaces', () => {
    expect(() => demoConfiguration('ESMTP_Listener {}', places)).toThrow(
      'the example has no Listen',
    )
  })
})
