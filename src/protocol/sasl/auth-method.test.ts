// What is advertised, and what is accepted all the same.

import { describe, expect, it } from 'vitest'
import { acceptedMechanism, advertisedMechanisms, authMethods } from './auth-method.ts'

describe('mechanisms', () => {
  it('are advertised in one order, whatever that of the configuration', () => {
    expect(advertisedMechanisms([...authMethods].toReversed())).toEqual([
      'PLAIN',
      'LOGIN',
      'CRAM-MD5',
      'EXTERNAL',
      'XOAUTH2',
      'OAUTHBEARER',
    ])
  })

  it('do not include APOP and none', () => {
    expect(advertisedMechanisms(['apop', 'none'])).toEqual([])
  })

  it('are accepted in any case', () => {
    expect(acceptedMechanism(Buffer.from('oAuthBearer'), ['oauthbearer'])).toBe('OAUTHBEARER')
  })

  it('are always accepted when they are PLAIN or LOGIN, others only when listed', () => {
    const names = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'EXTERNAL', 'XOAUTH2', 'OAUTHBEARER', 'APOP']
    const accepted = names.filter((name) => acceptedMechanism(Buffer.from(name), ['none']))
    expect(accepted).toEqual(['PLAIN', 'LOGIN'])
  })
})
