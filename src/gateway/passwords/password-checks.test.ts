// Expectations for the line of passwords that wait to be checked.

import { describe, expect, it } from 'vitest'
import type { PasswordHash } from '../../protocol/users-file/password-hash.ts'
import { PasswordChecks } from './password-checks.ts'
import type { CheckResult } from './password-checks.ts'

const hash: PasswordHash = { scheme: 'bcrypt', text: '', cost: 4 }
const password = Buffer.from('p')

/** Checks that end when the test says so. */
function scene(): {
  readonly checks: PasswordChecks
  readonly running: ((isRight: boolean) => void)[]
  readonly results: CheckResult[]
  readonly add: () => (() => void) | undefined
} {
  const running: ((isRight: boolean) => void)[] = []
  const results: CheckResult[] = []
  const checks = new PasswordChecks(() => new Promise((resolve) => running.push(resolve)))
  const onResult = (result: CheckResult): void => void results.push(result)
  return { checks, running, results, add: () => checks.check({ hash, password, onResult }) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('password checks', () => {
  it('run two at a time, in the order in which they came', async () => {
    const { checks, running, results, add } = scene()
    for (let count = 0; count < 5; count += 1) add()
    expect([running.length, checks.waitingCount]).toEqual([2, 3])
    running[0]?.(true)
    await turn()
    expect([running.length, results]).toEqual([3, ['right']])
    for (const at of [1, 2, 3, 4]) {
      running[at]?.(false)
      await turn()
    }
    expect(results).toEqual(['right', 'wrong', 'wrong', 'wrong', 'wrong'])
    expect(checks.waitingCount).toBe(0)
  })

  it('that wait are at most 256, more are turned away', () => {
    const { checks, add } = scene()
    const taken = Array.from({ length: 300 }, add).filter((one) => one !== undefined)
    expect([taken.length, checks.waitingCount]).toEqual([258, 256])
  })

  it('taken back give no result, and their place to the next', async () => {
    const { checks, running, results, add } = scene()
    const first = add()
    add()
    const third = add()
    third?.()
    expect(checks.waitingCount).toBe(0)
    first?.()
    running[0]?.(true)
    await turn()
    expect(results).toEqual([])
  })

  it('that cannot be made say why', async () => {
    const results: CheckResult[] = []
    const checks = new PasswordChecks(() => Promise.reject(new Error('no library')))
    checks.check({ hash, password, onResult: (result) => results.push(result) })
    await turn()
    expect(results).toEqual([{ problem: 'no library' }])
  })
})
