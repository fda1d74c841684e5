import { describe, expect, it } from 'vitest'
import { lockWords, repairOwner, SharedLock } from './shared-lock.ts'

function newWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(lockWords * 4))
}

describe('a shared lock', () => {
  it('has one owner at a time', () => {
    const words = newWords()
    const one = new SharedLock(words, 0, 1)
    const other = new SharedLock(words, 0, 2)
    one.acquire()
    expect(other.acquireWithin(10)).toBe(false)
    one.release()
    expect(other.acquireWithin(10)).toBe(true)
  })

  it('is taken from a dead owner, and from nobody else', () => {
    const words = newWords()
    new SharedLock(words, 0, 2).acquire()
    const repair = new SharedLock(words, 0, repairOwner)
    expect(repair.takeFrom(1)).toBe(false)
    expect(repair.takeFrom(2)).toBe(true)
    repair.release()
    expect(new SharedLock(words, 0, 1).acquireWithin(0)).toBe(true)
  })

  it('does not let anybody but its owner release it', () => {
    const words = newWords()
    new SharedLock(words, 0, 1).acquire()
    expect(() => new SharedLock(words, 0, 2).release()).toThrow('released by who holds it')
  })
})
