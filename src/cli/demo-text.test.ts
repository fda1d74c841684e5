// What the demo tells a newcomer to try must fit the example it runs.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../daemon/configuration.ts'
import { noGlobals } from '../daemon/settings.ts'
import { createEngine } from '../engine/create-engine.ts'
import { demoConfiguration } from './demo-configuration.ts'
import { demoText } from './demo-text.ts'

const example = readFileSync(new URL('../../examples/momentum/seed.conf', import.meta.url), 'utf8')
const places = {
  smtpPort: 2525,
  submissionPort: 2587,
  socketPath: '/run/demo/smtp.sock',
  upstreamPort: 40000,
}

const text = demoText(
  { ...places, directory: '/run/demo', file: '/run/demo/postern.conf', maildir: 'Maildir' },
  {
    out: () => {},
    err: () => {},
    env: {},
    cwd: '/',
    invocation: 'node dist/cli/main.js',
    isColorOut: false,
    isColorErr: false,
  },
)

describe('what the demo says', () => {
  it('begins with a line whose last client is the first one refused', () => {
    const tries = text.split('\n').filter((line) => line.startsWith('  '))
    const count = Number(/seq (\d+)/.exec(tries[0] ?? '')?.[1])
    const { policy } = readConfiguration({
      file: '/demo/postern.conf',
      text: demoConfiguration(example, places),
      prefix: '/demo',
      searchPath: [],
      globals: noGlobals,
    })
    if (policy === undefined) throw new Error('the example is wrong')
    const engine = createEngine({ policy })
    const kinds = Array.from(
      { length: count },
      () => engine.open({ listenId: '127.0.0.1:2525', remote: '127.0.0.1' }).kind,
    )
    expect(kinds.indexOf('refuse')).toBe(count - 1)
  })

  it('calls the program as it was called itself, and names the prefix', () => {
    expect(text).toContain('  node dist/cli/main.js -p /run/demo -s reload\n')
    expect(text).toContain('  node dist/cli/main.js explain -p /run/demo --listen 127.0.0.1:2525')
  })
})
