import { describe, expect, it } from 'vitest'
import { meter } from './meter.ts'

describe('a meter', () => {
  it.each([
    [0, 10, 0, '..........'],
    [1, 1000, 1, '#.........'],
    [5, 10, 5, '#####.....'],
    [5, 10, 8, '#####..:..'],
    [999, 1000, 999, '#########.'],
    [10, 10, 10, '##########'],
    [12, 10, 12, '##########'],
    [3, undefined, 3, '          '],
  ])('of %s of %s, once %s', (used, cap, high, text) => {
    expect(meter(used, cap, high, 10)).toBe(text)
  })
})
