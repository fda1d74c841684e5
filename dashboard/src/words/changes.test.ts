import { describe, expect, it } from 'vitest'
import { tellChange } from './changes.ts'

describe('a change of the policy', () => {
  it('is told of a limit by its option and scope', () => {
    const limit = {
      kind: 'limit',
      name: 'service_sessions,ESMTP_Listener,Peer,10.0.0.0~8',
    } as const
    const scope = 'ESMTP_Listener Peer 10.0.0.0/8'
    const before = '{"capMax":600,"isDryRun":false}'
    const after = '{"capMax":0,"isDryRun":true}'
    expect(tellChange({ ...limit, what: 'changed', scope, before, after })).toEqual({
      title: 'service_sessions of ESMTP_Listener Peer 10.0.0.0/8 changed',
      before: 'cap 600',
      after: 'no cap, dry run',
    })
  })

  it('is told of options, Listens and zones in their own words', () => {
    const scope = 'ESMTP_Listener'
    expect(
      tellChange({ kind: 'option', what: 'added', name: 'idleTime', scope, after: '{"ms":60000}' }),
    ).toEqual({ title: 'idle time of ESMTP_Listener added', after: 'ms 60000' })
    expect(tellChange({ kind: 'listen', what: 'removed', name: '*:25', before: '*:25' })).toEqual({
      title: 'listen *:25 removed',
      before: '*:25',
    })
    expect(tellChange({ kind: 'option', what: 'changed', name: 'context', scope })).toEqual({
      title: 'context of ESMTP_Listener changed',
    })
  })
})
