import { describe, expect, it } from 'vitest'
import { Barrier } from './barrier.ts'

describe('the barrier of a reload', () => {
  it('opens when the last one comes', () => {
    const words = Barrier.memory(3)
    const barrier = new Barrier(words, 2)
    barrier.excuse(1)
    expect(barrier.isAgreed).toBe(false)
    expect(new Barrier(words, 2).arrive(3)).toBe(true)
    expect(barrier.isAgreed).toBe(true)
  })

  it('counts nobody twice', () => {
    const barrier = new Barrier(Barrier.memory(2), 2)
    barrier.excuse(1)
    barrier.excuse(1)
    expect(barrier.isAgreed).toBe(false)
  })

  it('stays as it was decided first', () => {
    const off = new Barrier(Barrier.memory(1), 1)
    off.callOff()
    expect(off.arrive(1)).toBe(false)
    const on = new Barrier(Barrier.memory(1), 1)
    expect(on.arrive(1)).toBe(true)
    on.callOff()
    expect(on.isAgreed).toBe(true)
  })
})
