// The arithmetic of a rate: what may go when.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LeakyBucket } from './leaky-bucket.ts'

describe('a leaky bucket', () => {
  it('lets one second of its rate through at once, and then only what time lets out', () => {
    const bucket = new LeakyBucket({ bytesPerSecond: 1000, freeBytes: 0 }, 5000)
    expect(bucket.take(700, 5000)).toBe(700)
    expect(bucket.take(700, 5000)).toBe(300)
    expect(bucket.take(700, 5000)).toBe(0)
    expect(bucket.take(700, 5250)).toBe(250)
    expect(bucket.take(700, 60_000)).toBe(700)
  })

  it('saves no more than that second, however long nothing came', () => {
    const bucket = new LeakyBucket({ bytesPerSecond: 1000, freeBytes: 0 }, 0)
    expect(bucket.take(5000, 3_600_000)).toBe(1000)
  })

  it('lets the free bytes through first, whenever they come', () => {
    const bucket = new LeakyBucket({ bytesPerSecond: 10, freeBytes: 100 }, 0)
    expect(bucket.take(90, 0)).toBe(90)
    expect(bucket.take(90, 60_000)).toBe(20)
    expect(bucket.take(90, 60_000)).toBe(0)
    expect(bucket.take(90, 60_100)).toBe(1)
  })

  it('never lets more through than its rate, a burst and the free bytes, and starves nobody', () => {
    const steps = fc.array(fc.tuple(fc.nat(100_000), fc.nat(5000)), { maxLength: 60 })
    const rates = fc.record({
      bytesPerSecond: fc.integer({ min: 1, max: 50_000 }),
      freeBytes: fc.nat(9000),
    })
    fc.assert(
      fc.property(rates, steps, (rate, wanted) => {
        const bucket = new LeakyBucket(rate, 0)
        let nowMs = 0
        let sum = 0
        for (const [bytes, waitMs] of wanted) {
          nowMs += waitMs
          sum += bucket.take(bytes, nowMs)
          const most = rate.freeBytes + rate.bytesPerSecond * (1 + nowMs / 1000)
          expect(sum).toBeLessThanOrEqual(most + 1e-6 * most)
        }
        expect(bucket.take(1, nowMs + 1001)).toBe(1)
      }),
    )
  })
})
