import { describe, expect, it } from 'vitest'
import { hourOf, refusedIn } from './hour.ts'

describe('the last hour', () => {
  it('is empty before the gate knew of it', () => {
    const hour = hourOf({ stepMs: 10_000 }, { id: 'a', used: [3, 1], refused: [0, 2] })
    expect(hour.used.slice(-2)).toEqual([null, 3])
    expect(hour.refused.slice(-2)).toEqual([null, 2])
    expect(hour.used).toHaveLength(60)
  })

  it('keeps the most that were in, and all that were refused, of each minute', () => {
    const points = Array.from({ length: 12 }, (_, index) => index)
    const hour = hourOf({ stepMs: 10_000 }, { id: 'a', used: points, refused: points })
    expect(hour.used.slice(-3)).toEqual([null, 5, 11])
    expect(hour.refused.slice(-3)).toEqual([null, 15, 51])
    expect(refusedIn(hour)).toBe(66)
  })

  it('leaves out what is older', () => {
    const points = Array.from({ length: 400 }, () => 1)
    const hour = hourOf({ stepMs: 10_000 }, { id: 'a', used: points, refused: points })
    expect([hour.used.length, refusedIn(hour)]).toEqual([60, 360])
  })
})
