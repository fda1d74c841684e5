import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildPolicy } from '../../test/kit/policy.ts'
import { changeCap } from './change-caps.ts'
import { limitId, limitTable } from './limit-table.ts'
import type { LimitRow } from './limit-table.ts'
import type { Policy } from './policy.ts'

function rowOf(policy: Policy, id: string): LimitRow {
  const row = limitTable(policy).find((one) => one.id === id)
  if (row === undefined) throw new Error(`no limit ${id}`)
  return row
}

const policy = buildPolicy({
  zones: { user: '$remote_user' },
  smtp: {
    ss: 2000,
    peers: { '10.0.0.0/8': { ss: 1500 }, '0.0.0.0/0': { ss: 600, ls: 0 } },
    listens: { ':25': {}, ':587': { ss: 1000, limits: { user: 5 } } },
  },
})

describe('the table of limits', () => {
  it('names limits by words that a URL takes as they are', () => {
    expect(limitTable(policy).map(({ id, capMax }) => [id, capMax])).toEqual([
      ['service_sessions,ESMTP_Listener', 2000],
      ['listener_sessions,ESMTP_Listener,Peer,0.0.0.0~0', undefined],
      ['service_sessions,ESMTP_Listener,Peer,10.0.0.0~8', 1500],
      ['service_sessions,ESMTP_Listener,Peer,0.0.0.0~0', 600],
      ['service_sessions,ESMTP_Listener,Listen,*:587', 1000],
      ['limit_conn,user,ESMTP_Listener,Listen,*:587', 5],
    ])
  })

  it('never gives two limits one name', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const idOf = (scope: string) => limitId({ option: 'service_sessions', scope, zone: '' })
        expect(idOf(one) === idOf(other)).toBe(one === other)
        expect(idOf(one)).toMatch(/^[\w.:*,~=-]+$/)
      }),
    )
  })
})

describe('a changed cap', () => {
  const id = 'service_sessions,ESMTP_Listener,Peer,0.0.0.0~0'

  it('holds in the place of the written one, which stays known', () => {
    const changed = changeCap(policy, rowOf(policy, id), 700)
    const again = changeCap(changed, rowOf(changed, id), 800)
    expect(rowOf(again, id).capMax).toBe(800)
    expect(again.changes).toEqual([{ id, configuredMax: 600 }])
    expect(rowOf(policy, id).capMax).toBe(600)
  })

  it('is none when it is what is written', () => {
    const changed = changeCap(policy, rowOf(policy, id), undefined)
    expect([rowOf(changed, id).capMax, changed.changes]).toEqual([
      undefined,
      [{ id, configuredMax: 600 }],
    ])
    expect(changeCap(changed, rowOf(changed, id), 600).changes).toEqual([])
  })

  it('of a limit after login leaves the other limits of its list alone', () => {
    const keyed = 'limit_conn,user,ESMTP_Listener,Listen,*:587'
    const changed = changeCap(policy, rowOf(policy, keyed), 9)
    expect(rowOf(changed, keyed).capMax).toBe(9)
    expect(limitTable(changed).filter((row) => row.id !== keyed)).toEqual(
      limitTable(policy).filter((row) => row.id !== keyed),
    )
  })
})
