// Replaced addresses and names: different, and counted as before.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../base/address.ts'
import { Pseudonyms } from './pseudonyms.ts'

const salt = Buffer.alloc(32, 7)
const pseudonyms = new Pseudonyms(salt, { ipv4: 16, ipv6: 32 })

/** How many leading bits two addresses have in common. */
function common(one: string, other: string): number {
  const bits = (text: string): string =>
    (parseAddress(text)?.words ?? []).map((word) => word.toString(2).padStart(32, '0')).join('')
  const [a, b] = [bits(one), bits(other)]
  let at = 0
  while (at < a.length && a[at] === b[at]) at += 1
  return at
}

describe('pseudonyms', () => {
  it('of addresses keep the first bits, and agree in as many as the addresses do', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), (one, other) => {
        const [a, b] = [pseudonyms.address(one), pseudonyms.address(other)]
        expect(common(a, b)).toBe(common(one, other))
        expect(common(a, one)).toBeGreaterThanOrEqual(16)
      }),
      { numRuns: 100 },
    )
    const [one, other] = ['2001:db8:1::1', '2001:db8:1::2'].map((text) => pseudonyms.address(text))
    expect(common(one ?? '', other ?? '')).toBe(126)
    expect(one).toMatch(/^2001:db8:/)
    expect(one).not.toBe('2001:db8:1::1')
    expect(pseudonyms.address('unix')).toBe('unix')
  })

  it('of users keep their domains together, and case where it matters', () => {
    const name = (user: string): unknown =>
      pseudonyms.login({ user, headers: [], isUnix: false }).user
    const [ann, bob, upper] = ['ann@a.example', 'bob@a.example', 'Ann@a.example'].map(name)
    expect(String(ann).split('@')[1]).toBe(String(bob).split('@')[1])
    expect(ann).not.toBe(bob)
    expect(ann).not.toBe(upper)
    expect(String(ann)).toBe(String(upper).toLowerCase())
    expect(name('')).toBe('')
    expect(String(ann)).not.toContain('ann')
  })

  it('depend on the salt', () => {
    const others = new Pseudonyms(Buffer.alloc(32, 8), { ipv4: 0, ipv6: 0 })
    const mine = new Pseudonyms(salt, { ipv4: 0, ipv6: 0 })
    expect(others.address('192.0.2.1')).not.toBe(mine.address('192.0.2.1'))
  })
})
