import { describe, expect, it } from 'vitest'
import { age, bytes, count, counted, percent } from './format.ts'

describe('what the page writes', () => {
  it('groups digits and knows one from many', () => {
    expect([count(0), count(12_345), counted(1, 'session'), counted(2, 'session')]).toEqual([
      '0',
      '12,345',
      '1 session',
      '2 sessions',
    ])
    expect(counted(3, 'key is', 'keys are')).toBe('3 keys are')
  })

  it.each([
    [0, '0 s'],
    [999, '0 s'],
    [45_000, '45 s'],
    [190_000, '3 min 10 s'],
    [600_000, '10 min'],
    [3_600_000, '1 h'],
    [9_000_000, '2 h 30 min'],
    [187_200_000, '2 d 4 h'],
  ])('tells an age of %i ms in two units at most', (ms, text) => {
    expect(age(ms)).toBe(text)
  })

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [34_200_000, '34 MB'],
    [999_999, '1.0 MB'],
  ])('tells %i bytes in three digits at most', (value, text) => {
    expect(bytes(value)).toBe(text)
  })

  it('calls nothing 100 % that is not full', () => {
    expect([percent(1999, 2000), percent(2000, 2000), percent(2400, 2000)]).toEqual([
      '99 %',
      '100 %',
      '120 %',
    ])
  })
})
