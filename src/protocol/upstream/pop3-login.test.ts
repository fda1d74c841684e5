// Expectations for the login at a POP3 upstream.

import { describe, expect, it } from 'vitest'
import type { LoginActions, UpstreamLogin } from './login.ts'
import { pop3Login } from './pop3-login.ts'

const credentials = { user: Buffer.from('u@d'), password: Buffer.from('pass word') }
const internal = Buffer.from('-ERR internal server error\r\n')

function make(passErrors = false): UpstreamLogin {
  const login = pop3Login({ credentials, passErrors })
  expect(login.start()).toEqual({})
  return login
}

const say = (login: UpstreamLogin, text: string): LoginActions =>
  login.fromUpstream(Buffer.from(text))
const sent = (actions: LoginActions): string => Buffer.concat(actions.toUpstream ?? []).toString()

describe('the login at a POP3 upstream', () => {
  it('speaks USER and PASS and passes the reply to PASS on', () => {
    const login = make()
    expect(sent(say(login, '+OK ready <1@x>\r\n'))).toBe('USER u@d\r\n')
    expect(login.action).toBe('sending user name to upstream')
    expect(sent(say(login, '+OK\r\n'))).toBe('PASS pass word\r\n')
    expect(login.action).toBe('sending password to upstream')
    const actions = say(login, '+OK 3 messages\r\nmore')
    expect(Buffer.concat(actions.toClient ?? []).toString()).toBe('+OK 3 messages\r\n')
    expect(actions.done?.rest.toString()).toBe('more')
  })

  it('takes a line that only begins like +OK for none', () => {
    expect(say(make(true), '+OKAY\r\n').failed).toEqual({
      fault: 'invalid',
      reason: 'upstream sent invalid response: "+OKAY" while reading response from upstream',
      level: 'error',
      replyToClient: internal,
    })
  })

  it('passes a refusal on where that is asked for (conformance case 44)', () => {
    const refusal = '-ERR [IN-USE] locked\r\n'
    const reason =
      'upstream sent invalid response: "-ERR [IN-USE] locked" while reading response from upstream'
    const denial = { text: '[IN-USE] locked' }
    const off = say(make(), `+OK\r\n+OK\r\n${refusal}`).failed
    expect(off).toEqual({
      fault: 'denied',
      denial,
      reason,
      level: 'error',
      replyToClient: internal,
    })
    const on = say(make(true), `+OK\r\n+OK\r\n${refusal}`).failed
    const replyToClient = Buffer.from(refusal)
    expect(on).toEqual({ fault: 'denied', denial, reason, level: 'info', replyToClient })
  })

  it('tells a refused greeting from a refused login', () => {
    expect(say(make(), '-ERR too busy\r\n').failed?.fault).toBe('refused')
    expect(say(make(), '+OK\r\n-ERR no such user\r\n').failed?.fault).toBe('denied')
  })
})

describe('attacks on the login at a POP3 upstream', () => {
  it('CR LF in login: nothing is sent', () => {
    for (const text of ['u\r\nDELE 1', 'u\nDELE 1', 'u\rDELE 1', 'u\0']) {
      const injected = Buffer.from(text)
      const asUser = pop3Login({
        credentials: { ...credentials, user: injected },
        passErrors: true,
      })
      expect(asUser.start().failed).toEqual({
        fault: 'unsendable',
        reason: 'user name with a line end or NUL cannot be sent to upstream',
        level: 'info',
        replyToClient: internal,
      })
      expect(say(asUser, '+OK\r\n+OK\r\n+OK\r\n')).toEqual({})
      const asPassword = pop3Login({
        credentials: { ...credentials, password: injected },
        passErrors: true,
      })
      expect(asPassword.start().failed?.reason).toBe(
        'password with a line end or NUL cannot be sent to upstream',
      )
    }
  })

  it('password repeated by the upstream: is not logged', () => {
    const failed = say(make(true), '+OK\r\n+OK\r\n-ERR unknown command PASS pass word\r\n').failed
    expect(failed?.reason).not.toContain('word\r')
    expect(failed?.reason).toContain('(not shown, it repeats the password)')
  })
})

describe('XCLIENT before the login', () => {
  const client = {
    address: { family: 6, words: [0x20010db8, 0, 0, 1], text: '2001:db8::1' } as const,
    port: 4711,
  }
  const asking = (mode: 'ifavailable' | 'required'): UpstreamLogin => {
    const login = pop3Login({ credentials, passErrors: false, xclient: { mode, client } })
    login.start()
    return login
  }

  it("tells an upstream that offers it the client's address", () => {
    const login = asking('ifavailable')
    expect(sent(say(login, '+OK [XCLIENT] Dovecot ready.\r\n'))).toBe(
      'XCLIENT ADDR=2001:db8::1 PORT=4711\r\n',
    )
    expect(login.action).toBe('sending XCLIENT to upstream')
    expect(sent(say(login, '+OK Updated\r\n'))).toBe('USER u@d\r\n')
  })

  it('is sent to nobody who does not offer it', () => {
    expect(sent(say(asking('ifavailable'), '+OK XCLIENT [XCLIENT]\r\n'))).toBe('USER u@d\r\n')
  })

  it('may be refused, unless it is required', () => {
    const offer = '+OK [XCLIENT] up\r\n'
    expect(sent(say(asking('ifavailable'), `${offer}-ERR no\r\n`))).toContain('USER u@d\r\n')
    expect(say(asking('required'), `${offer}-ERR no\r\n`).failed?.reason).toBe(
      'upstream refused XCLIENT',
    )
    expect(say(asking('required'), '+OK up\r\n').failed?.reason).toBe('upstream refused XCLIENT')
  })
})
