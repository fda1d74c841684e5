import { describe, expect, it } from 'vitest'
import { filterText, parseWho } from './session-filter.ts'

describe('who is meant', () => {
  it.each([
    ['123', { kind: 'ids', ids: [123] }],
    ['*123', { kind: 'ids', ids: [123] }],
    ['192.0.2.7', { kind: 'filter', filter: { from: '192.0.2.7' } }],
    ['2001:db8::/32', { kind: 'filter', filter: { from: '2001:db8::/32' } }],
    ['bob', { kind: 'filter', filter: { user: 'bob' } }],
    ['10.example', { kind: 'filter', filter: { user: '10.example' } }],
    ['', { kind: 'filter', filter: { user: '' } }],
  ])('%s', (text, who) => {
    expect(parseWho(text)).toEqual(who)
  })

  it('is said for people', () => {
    expect(filterText({ user: 'bob', from: '10.0.0.0/8', olderMs: 600_000 })).toBe(
      'user bob, from 10.0.0.0/8, open for 600 s or more',
    )
  })
})
