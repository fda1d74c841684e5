import { describe, expect, it } from 'vitest'
import { sessionNumberMemory, sessionNumbers } from './session-numbers.ts'

describe('the numbers of sessions', () => {
  it('begin with 1, ascend, and are never given to two workers', () => {
    const memory = sessionNumberMemory()
    const [one, other] = [sessionNumbers(memory), sessionNumbers(memory)]
    const drawn = Array.from({ length: 2500 }, () => [one(), other()])
    expect(drawn[0]?.[0]).toBe(1)
    expect(new Set(drawn.flat()).size).toBe(5000)
    for (const row of [drawn.map(([a]) => a), drawn.map(([, b]) => b)]) {
      expect(row).toEqual(row.toSorted((a = 0, b = 0) => a - b))
    }
  })
})
