// The wheel against a clock that is moved by hand.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Deadline, TimerWheel } from './timer-wheel.ts'

class HandClock {
  nowMs = 1_000_003
  monotonicMs(): number {
    return this.nowMs
  }
  wallMs(): number {
    return this.nowMs
  }
}

function setUp(): { clock: HandClock; wheel: TimerWheel; woken: number[] } {
  const clock = new HandClock()
  return { clock, wheel: new TimerWheel(clock), woken: [] }
}

describe('timer wheel', () => {
  it('wakes an owner not before its moment and at most one tick after it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300_000 }), (waitMs) => {
        const { clock, wheel, woken } = setUp()
        const dueMs = clock.nowMs + waitMs
        wheel.schedule(new Deadline({ onDue: (nowMs) => woken.push(nowMs) }), dueMs)
        while (woken.length === 0 && clock.nowMs < dueMs + 10_000) {
          clock.nowMs += 1 + (clock.nowMs % 97)
          wheel.advance()
        }
        expect(woken).toHaveLength(1)
        expect(woken[0]).toBeGreaterThanOrEqual(dueMs)
        // One tick, and the step of the hand clock.
        expect((woken[0] ?? 0) - dueMs).toBeLessThanOrEqual(128 + 128 + 97)
      }),
      { numRuns: 50 },
    )
  })

  it('wakes every owner once, however far the clock jumps', () => {
    const { clock, wheel } = setUp()
    const counts = Array.from({ length: 2000 }, () => 0)
    for (const index of counts.keys()) {
      const owner = { onDue: () => void (counts[index] = (counts[index] ?? 0) + 1) }
      wheel.schedule(new Deadline(owner), clock.nowMs + index * 100)
    }
    clock.nowMs += 100_000
    wheel.advance()
    expect(counts.filter((count) => count === 1).length).toBeGreaterThanOrEqual(999)
    expect(counts.slice(1002).every((count) => count === 0)).toBe(true)
    clock.nowMs += 24 * 3_600_000
    wheel.advance()
    expect(counts.every((count) => count === 1)).toBe(true)
  })

  it('forgets a cancelled deadline and moves one that is scheduled again', () => {
    const { clock, wheel, woken } = setUp()
    const cancelled = new Deadline({ onDue: () => woken.push(1) })
    const moved = new Deadline({ onDue: () => woken.push(2) })
    wheel.schedule(cancelled, clock.nowMs + 100)
    wheel.schedule(moved, clock.nowMs + 100)
    wheel.schedule(moved, clock.nowMs + 5000)
    wheel.cancel(cancelled)
    expect(cancelled.isScheduled).toBe(false)
    clock.nowMs += 4000
    wheel.advance()
    expect(woken).toEqual([])
    clock.nowMs += 2000
    wheel.advance()
    expect(woken).toEqual([2])
    expect(moved.isScheduled).toBe(false)
  })

  it('lets an owner that is due schedule itself again and cancel its neighbour', () => {
    const { clock, wheel, woken } = setUp()
    const neighbour = new Deadline({ onDue: () => woken.push(99) })
    const again: Deadline = new Deadline({
      onDue: (nowMs) => {
        woken.push(1)
        wheel.cancel(neighbour)
        wheel.schedule(again, nowMs)
      },
    })
    wheel.schedule(again, clock.nowMs + 50)
    wheel.schedule(neighbour, clock.nowMs + 50)
    clock.nowMs += 256
    wheel.advance()
    clock.nowMs += 128
    wheel.advance()
    expect(woken.length).toBeGreaterThanOrEqual(2)
    expect(woken).not.toContain(99)
  })
})
