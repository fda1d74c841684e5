import { describe, expect, it } from 'vitest'
import { hangLooksMax, heartbeatMemory, HeartbeatWatch } from './heartbeat.ts'

describe('a thread', () => {
  it('hangs when it had no turn for so many looks in a row, and not before', () => {
    const memory = heartbeatMemory()
    const watch = new HeartbeatWatch(memory)
    const still = (times: number): boolean[] => Array.from({ length: times }, () => watch.look())
    expect(still(hangLooksMax - 1)).not.toContain(true)
    Atomics.add(memory, 0, 1)
    expect(still(hangLooksMax)).not.toContain(true)
    expect(watch.look()).toBe(true)
    watch.reset()
    expect(still(hangLooksMax - 1)).not.toContain(true)
    expect(watch.look()).toBe(true)
  })
})
