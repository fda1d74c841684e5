// `postern check` and `postern explain`: what a configuration means, and why.

import { beforeEach, describe, expect, it } from 'vitest'
import type { Place } from './kit/place.ts'
import { runProgram } from './kit/process.ts'
import type { Output } from './kit/process.ts'
import { twoConfigurations } from './kit/two-configurations.ts'

let place: Place

beforeEach(async () => {
  place = await twoConfigurations()
  return () => place.remove()
})

/** Runs the program in the place. */
function postern(...args: readonly string[]): Promise<Output> {
  return runProgram(args, { cwd: place.directory })
}

describe('check', () => {
  it('shows what a configuration means', async () => {
    const { code, stdout } = await postern('check', 'postern.conf')
    expect(code).toBe(0)
    for (const text of ['ESMTP_Listener', '10.0.0.0/8', `*:${place.portFor(25)}`]) {
      expect(stdout).toContain(text)
    }
  })

  it('--json prints the policy with the place of every value', async () => {
    const { code, stdout } = await postern('check', 'postern.conf', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      policy: {
        kind: 'policy',
        dialect: 'momentum',
        listeners: [
          {
            service: 'smtp',
            options: {
              serviceSessions: {
                value: { capMax: 5 },
                span: { file: place.path('postern.conf'), line: 2 },
              },
            },
            peers: [
              {
                block: { text: '10.0.0.0/8' },
                options: { serviceSessions: { span: { line: 3 } } },
              },
              { block: { text: '0.0.0.0/0' }, options: { serviceSessions: { span: { line: 4 } } } },
            ],
          },
        ],
      },
    })
  })

  it('exits with 1 and prints every diagnostic of a wrong one', async () => {
    const text = await postern('check', 'broken.conf')
    expect(text.code).toBe(1)
    expect(text.stderr).toMatch(/broken\.conf:2:\d+/)
    const { code, stdout } = await postern('check', 'broken.conf', '--json')
    expect(code).toBe(1)
    const answer: unknown = JSON.parse(stdout)
    expect(answer).not.toHaveProperty('policy')
    expect(answer).toMatchObject({
      diagnostics: expect.arrayContaining([
        expect.objectContaining({ severity: 'error', span: expect.objectContaining({ line: 2 }) }),
        expect.objectContaining({ severity: 'error', span: expect.objectContaining({ line: 4 }) }),
      ]),
    })
  })

  it('--print prints a text that means the same and prints the same again', async () => {
    const { code, stdout } = await postern('check', 'postern.conf', '--print')
    expect(code).toBe(0)
    place.writeText('printed.conf', stdout)
    expect((await postern('check', 'printed.conf', '--print')).stdout).toBe(stdout)
    expect(
      (await postern('check', 'printed.conf')).stdout.replaceAll('printed', 'postern'),
    ).toContain('10.0.0.0/8')
  })
})

describe('explain', () => {
  it('says which limits a session meets, from where, and why', async () => {
    const listen = `:${place.portFor(25)}`
    const { code, stdout } = await postern('explain', '--listen', listen, '--from', '10.1.2.3')
    expect(code).toBe(0)
    expect(stdout).toContain('postern.conf:3')
    expect(stdout).toMatch(/Peer 10\.0\.0\.0\/8 beats Peer 0\.0\.0\.0\/0: longer prefix/)
    expect(stdout).toMatch(/Answer: ADMIT\n$/)
  })

  it('--held counts sessions that are pretended to be open, and --json is for programs', async () => {
    const listen = `:${place.portFor(25)}`
    place.writeText('held.txt', `# who is there\n${listen} 10.9.9.9 4\n${listen} 192.0.2.1\n`)
    const args = ['explain', '--listen', listen, '--from', '10.1.2.3', '--held', 'held.txt']
    const text = await postern(...args)
    expect(text.code).toBe(0)
    expect(text.stdout).toContain('421 4.4.5 Service unavailable, concurrency limit reached.')
    const { code, stdout } = await postern(...args, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      answer: 'refuse',
      limits: expect.arrayContaining([
        expect.objectContaining({
          option: 'service_sessions',
          usedCount: 4,
          capMax: 4,
          isOver: true,
        }),
        expect.objectContaining({
          option: 'service_sessions',
          usedCount: 5,
          capMax: 5,
          isOver: true,
        }),
      ]),
    })
  })

  it('--live says so when there is no daemon', async () => {
    const listen = `:${place.portFor(25)}`
    const { code, stderr } = await postern('explain', '--listen', listen, '--from', '::1', '--live')
    expect(code).toBe(1)
    expect(stderr).toContain(place.path('postern.sock'))
  })
})
