// The bounds of what is kept of clients' names.

import { describe, expect, it } from 'vitest'
import { NameCache } from './name-cache.ts'
import type { FoundName } from './name-lookup.ts'

const called = (name: string, keepMs = 1000): FoundName => ({
  name: { kind: 'known', name },
  keepMs,
})

describe('the cache of names', () => {
  it('forgets what is too old, and keeps nothing that holds for no time', () => {
    const cache = new NameCache()
    cache.put('a', called('one.example'), 0)
    cache.put('b', called('two.example', 0), 0)
    expect(cache.get('a', 999)).toEqual(called('one.example'))
    expect([cache.get('a', 1000), cache.get('b', 0), cache.size]).toEqual([undefined, undefined, 0])
  })

  it('replaces what was known of an address', () => {
    const cache = new NameCache()
    cache.put('a', called('one.example'), 0)
    cache.put('a', called('two.example'), 0)
    expect([cache.get('a', 1), cache.size]).toEqual([called('two.example'), 1])
    cache.put('a', called('three.example', 0), 0)
    expect([cache.get('a', 1), cache.size]).toEqual([undefined, 0])
  })

  it('holds 16,384 names however many clients come, the latest ones', () => {
    const cache = new NameCache()
    for (let index = 0; index < 40_000; index += 1) cache.put(`k${index}`, called('a.b'), 0)
    expect(cache.size).toBeLessThanOrEqual(16_384)
    expect(cache.size).toBeGreaterThan(10_000)
    expect([cache.get('k0', 1), cache.get('k39999', 1)]).toEqual([undefined, called('a.b')])
  })

  it('holds 4 MiB of them, should all be as long as names can be', () => {
    const cache = new NameCache()
    const long = 'a'.repeat(253)
    for (let index = 0; index < 40_000; index += 1) cache.put(`${index}`, called(long), 0)
    expect(cache.size * 253 * 2).toBeLessThanOrEqual(4_194_304)
    expect(cache.size).toBeGreaterThan(4000)
    expect(cache.get('39999', 1)).toEqual(called(long))
  })

  it('counts right: what is forgotten makes room again', () => {
    const cache = new NameCache()
    const long = 'a'.repeat(253)
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 3000; index += 1) {
        cache.put(`${index}`, called(long), round * 2000)
        if (round % 2 === 1) cache.get(`${index}`, round * 2000 + 1500)
      }
    }
    for (let index = 0; index < 3000; index += 1) cache.put(`${index}`, called(long), 50_000)
    expect(cache.size).toBe(3000)
  })
})
