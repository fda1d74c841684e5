// The salt of a session.

import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../../test/kit/manual-clock.ts'
import { SessionSalt } from './salt.ts'

describe('SessionSalt', () => {
  it('is a message id of a random number, the time and the server, and stays the same', () => {
    const clock = new ManualClock()
    let seed = 0
    const randomBytes = (sizeBytes: number): Buffer => Buffer.alloc(sizeBytes, (seed += 1))
    const salt = new SessionSalt({ serverName: 'mx.test', clock, randomBytes })
    expect(salt.shown).toBeUndefined()
    expect(salt.show()).toBe('<72340172838076673.1700000000@mx.test>')
    clock.advance(5_000)
    expect([salt.show(), salt.shown]).toEqual([salt.show(), salt.show()])
    expect(seed).toBe(1)
    const next = new SessionSalt({ serverName: 'mx.test', clock, randomBytes })
    expect(next.show()).toBe('<144680345676153346.1700000005@mx.test>')
  })
})
