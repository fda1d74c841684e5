// Keys and what they do, without a screen.

import { describe, expect, it } from 'vitest'
import { askedOf, firstState, onKey } from './top-state.ts'
import type { Effect, Row, TopState } from './top-state.ts'

const sessions: readonly Row[] = [
  { kind: 'session', id: 7, what: 'session *7 from 192.0.2.1' },
  { kind: 'session', id: 8, what: 'session *8 from 192.0.2.2' },
]
const limits: readonly Row[] = [{ kind: 'limit', id: 'service_sessions+ESMTP_Listener' }]

function type(keys: string, rows: readonly Row[], from: TopState = firstState) {
  let state = from
  const effects: Effect[] = []
  for (const key of keys.split(' ')) {
    const step = onKey(state, key, rows)
    state = step.state
    if (step.effect.kind !== 'none') effects.push(step.effect)
  }
  return { state, effects }
}

describe('the keys of top', () => {
  it('change the view, around in both directions', () => {
    expect(type('3', []).state.view).toBe('sessions')
    expect(type('back-tab', []).state.view).toBe('refusals')
    expect(type('4 tab', []).state.view).toBe('limits')
  })

  it('keep the selection among the rows', () => {
    expect(type('3 down down down', sessions).state.selected).toBe(1)
    expect(type('3 down up up', sessions).state.selected).toBe(0)
    expect(type('down', []).state.selected).toBe(0)
  })

  it('end a session after a question, and nothing on any other answer', () => {
    const asked = type('3 down x', sessions)
    expect(asked.state.asksToKick?.what).toBe('session *8 from 192.0.2.2')
    expect(asked.effects).toEqual([])
    expect(type('y', sessions, asked.state).effects).toEqual([{ kind: 'kick', ids: [8] }])
    const denied = type('q', sessions, asked.state)
    expect(denied.effects).toEqual([])
    expect(denied.state).toMatchObject({ message: 'nothing was ended' })
    expect(denied.state.asksToKick).toBeUndefined()
  })

  it('say what to do where there is no session to end', () => {
    expect(type('x', limits).state.message).toContain('3 shows the sessions')
  })

  it('take a filter as kick takes it', () => {
    const { state, effects } = type('/ b o c backspace b enter', [])
    expect(effects).toEqual([{ kind: 'refresh' }])
    expect(askedOf(state).sessions).toEqual({ user: 'bob' })
    expect(askedOf(type('/ 1 0 . 0 . 0 . 1 enter', []).state).refusals).toEqual({
      from: '10.0.0.1',
    })
    expect(askedOf(type('/ 1 2 enter', []).state).sessions).toEqual({})
    expect(type('/ x escape', [], state).state).toMatchObject({ filter: 'bob' })
    expect(type('escape', [], state).state.filter).toBe('')
  })

  it('type a filter of bounded length, and commands are letters there', () => {
    const { state, effects } = type(`/ ${'q '.repeat(150)}tab`, [])
    expect(state.draft).toBe('q'.repeat(100))
    expect(effects).toEqual([])
  })

  it('go from a limit to its sessions and back', () => {
    const { state } = type('enter', limits)
    expect(state.view).toBe('sessions')
    expect(askedOf(state).sessions).toEqual({ limitId: 'service_sessions+ESMTP_Listener' })
    expect(askedOf(type('escape', [], state).state).sessions).toEqual({})
  })

  it('pause, help, and quit from anywhere with Ctrl-C', () => {
    expect(type('p', []).state.isPaused).toBe(true)
    expect(type('? q', []).state.isHelp).toBe(false)
    expect(type('? q', []).effects).toEqual([])
    expect(type('/ a interrupt', []).effects).toEqual([{ kind: 'quit' }])
    expect(type('q', []).effects).toEqual([{ kind: 'quit' }])
  })
})
