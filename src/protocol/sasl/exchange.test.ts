// SASL exchanges from the first word to credentials.

import { describe, expect, it } from 'vitest'
import { base64, dialogueOptions, testSalt } from '../../../test/kit/conversation.ts'
import { type AuthMethod, authMethods } from './auth-method.ts'
import { beginExchange, continueExchange, type ExchangeStep } from './exchange.ts'
import { SessionSalt } from './salt.ts'

function begin(words: string, methods: readonly AuthMethod[] = authMethods): ExchangeStep {
  const salt = new SessionSalt(dialogueOptions())
  return beginExchange(
    words.split(' ').map((word) => Buffer.from(word)),
    { methods, salt },
  )
}

/** Answers a challenge. */
function respond(step: ExchangeStep, line: string): ExchangeStep {
  if (step.kind !== 'challenge') throw new Error(`no challenge but ${step.kind}`)
  return continueExchange(step.state, Buffer.from(line))
}

const challengeOf = (step: ExchangeStep): string | undefined =>
  step.kind === 'challenge' ? step.text : undefined

describe('an exchange', () => {
  it('asks for a message when none came with the command', () => {
    const names = ['PLAIN', 'XOAUTH2', 'OAUTHBEARER']
    expect(names.map((name) => challengeOf(begin(name)))).toEqual(['', '', ''])
  })

  it('takes the message with the command or behind a challenge alike', () => {
    const message = base64('\0u\0p')
    const credentials = { method: 'plain', login: Buffer.from('u'), password: Buffer.from('p') }
    expect(begin(`plain ${message}`)).toEqual({ kind: 'credentials', credentials })
    expect(respond(begin('plain'), message)).toEqual({ kind: 'credentials', credentials })
  })

  it('asks for name and password in LOGIN, the name perhaps given before', () => {
    const asked = begin('LOGIN')
    expect(challengeOf(asked)).toBe('VXNlcm5hbWU6')
    const named = respond(asked, base64('u@d'))
    expect(challengeOf(named)).toBe('UGFzc3dvcmQ6')
    expect(respond(begin(`LOGIN ${base64('u@d')}`), base64('p'))).toEqual(
      respond(named, base64('p')),
    )
    expect(respond(named, base64('p'))).toEqual({
      kind: 'credentials',
      credentials: { method: 'plain', login: Buffer.from('u@d'), password: Buffer.from('p') },
    })
  })

  it('shows the salt in CRAM-MD5, and allows nothing before it', () => {
    expect(challengeOf(begin('CRAM-MD5'))).toBe(base64(testSalt))
    expect(begin('CRAM-MD5 dQ==').kind).toBe('invalid')
  })

  it('asks for a name in EXTERNAL', () => {
    expect(challengeOf(begin('EXTERNAL'))).toBe('VXNlcm5hbWU6')
    expect(begin(`EXTERNAL ${base64('u')}`)).toEqual({
      kind: 'credentials',
      credentials: { method: 'external', login: Buffer.from('u') },
    })
  })

  it('is not begun with what is unknown, not enabled or too much, without a log line', () => {
    const wrong = [begin('FOO'), begin('PLAIN a b'), begin('XOAUTH2', ['plain']), begin('')]
    expect(wrong).toEqual(wrong.map(() => ({ kind: 'invalid' })))
    expect(beginExchange([], { methods: [], salt: new SessionSalt(dialogueOptions()) })).toEqual({
      kind: 'invalid',
    })
  })

  it('says in the log what was wrong', () => {
    const logs = [
      begin('PLAIN *'),
      respond(begin('LOGIN'), '*'),
      respond(begin('CRAM-MD5'), '*'),
      begin('EXTERNAL *'),
      begin('XOAUTH2 *'),
      begin('OAUTHBEARER *'),
      begin(`PLAIN ${base64('u')}`),
      begin(`PLAIN ${base64('\0u')}`),
      respond(begin('CRAM-MD5'), base64('u short')),
      begin(`XOAUTH2 ${base64('u')}`),
      begin(`XOAUTH2 ${base64('user=u\x01')}`),
      begin(`OAUTHBEARER ${base64('n,,')}`),
      begin(`OAUTHBEARER ${base64('n,a=u,')}`),
    ].map((step) => (step.kind === 'invalid' ? step.log : step.kind))
    expect(logs).toEqual([
      'client sent invalid base64 encoding in AUTH PLAIN command',
      'client sent invalid base64 encoding in AUTH LOGIN command',
      'client sent invalid base64 encoding in AUTH CRAM-MD5 command',
      'client sent invalid base64 encoding in AUTH EXTERNAL command',
      'client sent invalid base64 encoding in AUTH XOAUTH2 command',
      'client sent invalid base64 encoding in AUTH OAUTHBEARER command',
      'client sent invalid login in AUTH PLAIN command',
      'client sent invalid password in AUTH PLAIN command',
      'client sent invalid CRAM-MD5 hash in AUTH CRAM-MD5 command',
      'client sent invalid login in AUTH XOAUTH2 command',
      'client sent invalid token in AUTH XOAUTH2 command',
      'client sent invalid login in AUTH OAUTHBEARER command',
      'client sent invalid token in AUTH OAUTHBEARER command',
    ])
  })
})
