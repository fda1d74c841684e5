import { describe, expect, it } from 'vitest'
import { Recent } from './recent.ts'

describe('what happened lately', () => {
  it('is known from the second answer on, and reaches a minute back', () => {
    const recent = new Recent()
    recent.add(0, 100)
    expect(recent.growth).toBeUndefined()
    recent.add(2000, 130)
    expect(recent.growth).toEqual({ count: 30, ms: 2000 })
    for (let atMs = 4000; atMs <= 90_000; atMs += 2000) recent.add(atMs, 130)
    expect(recent.growth).toEqual({ count: 0, ms: 60_000 })
  })

  it('begins anew with another daemon', () => {
    const recent = new Recent()
    recent.add(0, 100)
    recent.add(2000, 3)
    expect(recent.growth).toBeUndefined()
    recent.add(4000, 4)
    expect(recent.growth).toEqual({ count: 1, ms: 2000 })
  })
})
