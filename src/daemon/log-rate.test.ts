// The log's rate limit, under a clock moved by hand.

import { describe, expect, it } from 'vitest'
import { kindOf, LogRate } from './log-rate.ts'

function manualRate() {
  let nowMs = 0
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs }
  const rate = new LogRate({ clock, recordsPerSecond: 20, burstCount: 50 })
  const admitted = (count: number, level: 'error' | 'crit' | 'info', kind = 'refusal') =>
    Array.from({ length: count }).filter(() => rate.admit(level, kind)).length
  const advance = (ms: number) => {
    nowMs += ms
  }
  return { rate, admitted, advance }
}

describe('the log rate', () => {
  it('writes a burst whole and counts what comes after it', () => {
    const { rate, admitted } = manualRate()
    expect(admitted(80, 'error')).toBe(50)
    expect(rate.takeSuppressed()).toEqual([{ level: 'error', kind: 'refusal', count: 30 }])
  })

  it('goes on at its steady rate', () => {
    const { admitted, advance } = manualRate()
    admitted(80, 'error')
    advance(1000)
    expect(admitted(100, 'error')).toBe(20)
    advance(500)
    expect(admitted(100, 'error')).toBe(10)
  })

  it('has the whole burst again after a quiet time, and no more', () => {
    const { admitted, advance } = manualRate()
    admitted(80, 'error')
    advance(3_600_000)
    expect(admitted(80, 'error')).toBe(50)
  })

  it('reports what it left out once', () => {
    const { rate, admitted } = manualRate()
    admitted(51, 'error')
    expect(rate.takeSuppressed()).toHaveLength(1)
    expect(rate.takeSuppressed()).toEqual([])
  })

  it('keeps kinds and levels apart', () => {
    const { admitted } = manualRate()
    expect(admitted(60, 'error', 'a')).toBe(50)
    expect(admitted(60, 'error', 'b')).toBe(50)
    expect(admitted(60, 'info', 'a')).toBe(50)
  })

  it('never leaves out what is critical', () => {
    const { rate, admitted } = manualRate()
    expect(admitted(1000, 'crit')).toBe(1000)
    expect(rate.takeSuppressed()).toEqual([])
  })

  it('holds a bounded number of kinds', () => {
    const { rate } = manualRate()
    for (let index = 0; index < 2000; index += 1) rate.admit('error', `kind ${index}`)
    expect(rate.takeSuppressed()).toEqual([
      { level: 'error', kind: 'other records', count: 2000 - 256 - 50 },
    ])
  })
})

describe('the kind of a text', () => {
  it('is what stands before its first variable part', () => {
    expect(kindOf('limiting sessions by service_sessions "ESMTP_Listener" (600/600)')).toBe(
      'limiting sessions by service_sessions',
    )
    expect(kindOf('connect() failed (111: Connection refused)')).toBe('connect() failed')
    expect(kindOf('reload done, revision 7')).toBe('reload done, revision')
  })
})
