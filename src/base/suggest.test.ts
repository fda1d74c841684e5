// What "did you mean" offers, and when it stays silent.

import { describe, expect, it } from 'vitest'
import { suggest } from './suggest.ts'

const options = ['Service_Sessions', 'Listener_Sessions', 'Listen', 'Idle_Time', 'Peer']

describe('suggest', () => {
  it('finds a word with a letter missing, too many, wrong or swapped', () => {
    expect(suggest('Servce_Sessions', options)).toBe('Service_Sessions')
    expect(suggest('Listten', options)).toBe('Listen')
    expect(suggest('Idle_Tame', options)).toBe('Idle_Time')
    expect(suggest('Pere', options)).toBe('Peer')
  })

  it('does not mind case, and takes a hyphen for an underscore', () => {
    expect(suggest('service-sessions', options)).toBe('Service_Sessions')
    expect(suggest('IDLETIME', options)).toBe('Idle_Time')
  })

  it('offers the closest of several', () => {
    expect(suggest('Listener_Session', options)).toBe('Listener_Sessions')
    expect(suggest('Listener_Sesions', ['Service_Sessions', 'Listener_Sessions'])).toBe(
      'Listener_Sessions',
    )
  })

  it('offers the first of equally close ones', () => {
    expect(suggest('bat', ['cat', 'hat'])).toBe('cat')
  })

  it('stays silent when more than a third is wrong', () => {
    expect(suggest('abcdef', ['abcxyz'])).toBeUndefined()
    expect(suggest('abcdef', ['abcdxy'])).toBe('abcdxy')
    expect(suggest('no', ['on'])).toBeUndefined()
    expect(suggest('', options)).toBeUndefined()
    expect(suggest('Peer', [])).toBeUndefined()
  })

  it('does not spend time on an endless word', () => {
    expect(suggest('x'.repeat(65), ['x'.repeat(65)])).toBeUndefined()
    expect(suggest('x'.repeat(64), ['x'.repeat(65)])).toBe('x'.repeat(65))
  })
})
