// Expectations for bringing an SMTP session to its upstream.

import { describe, expect, it } from 'vitest'
import type { Address } from '../../base/address.ts'
import type { LoginActions, UpstreamLogin } from './login.ts'
import { smtpLogin, type SmtpLoginOptions } from './smtp-login.ts'
import type { XclientOptions } from './smtp-xclient.ts'

const address: Address = { family: 4, words: [0xc0000201], text: '192.0.2.1' }
const xclient: XclientOptions = {
  mode: 'always',
  client: { address, port: 4711 },
  name: { kind: 'unavailable' },
}
const auth = { user: Buffer.from('u@d'), password: Buffer.from('secret') }
const envelope = { from: Buffer.from('MAIL FROM:<a@b> SIZE=1'), to: Buffer.from('RCPT TO:<c@d>') }
const internal = Buffer.from('451 4.3.2 Internal server error\r\n')

function make(options: Partial<SmtpLoginOptions> = {}): UpstreamLogin {
  const login = smtpLogin({
    serverName: 'gate.test',
    isEsmtp: true,
    helo: Buffer.from('client.test'),
    login: Buffer.from('u@d'),
    passErrors: false,
    ...options,
  })
  expect(login.start()).toEqual({})
  return login
}

const say = (login: UpstreamLogin, text: string): LoginActions =>
  login.fromUpstream(Buffer.from(text))
const sent = (actions: LoginActions): string => Buffer.concat(actions.toUpstream ?? []).toString()
const told = (actions: LoginActions): string => Buffer.concat(actions.toClient ?? []).toString()

describe('bringing an SMTP session to its upstream', () => {
  it('says EHLO or, where the client said HELO and there is no XCLIENT, HELO', () => {
    expect(sent(say(make(), '220 up\r\n'))).toBe('EHLO gate.test\r\n')
    expect(sent(say(make({ isEsmtp: false }), '220 up\r\n'))).toBe('HELO gate.test\r\n')
    expect(sent(say(make({ isEsmtp: false, xclient }), '220 up\r\n'))).toBe('EHLO gate.test\r\n')
  })

  it('speaks EHLO, XCLIENT and the name of the client, and says 235 itself', () => {
    const login = make({ xclient })
    say(login, '220-up\r\n220 ready\r\n')
    expect(login.action).toBe('sending HELO/EHLO to upstream')
    expect(sent(say(login, '250-up\r\n250 SIZE\r\n'))).toBe(
      'XCLIENT ADDR=192.0.2.1 LOGIN=u@d NAME=[UNAVAILABLE]\r\n',
    )
    expect(login.action).toBe('sending XCLIENT to upstream')
    expect(sent(say(login, '220 again\r\n'))).toBe('EHLO client.test\r\n')
    expect(login.action).toBe('sending client HELO/EHLO to upstream')
    const actions = say(login, '250-up\r\n250 SIZE\r\n')
    expect(told(actions)).toBe('235 2.0.0 OK\r\n')
    expect(actions.done?.rest).toEqual(Buffer.alloc(0))
  })

  it('is ready after EHLO when nothing else is asked for', () => {
    const actions = say(make(), '220 up\r\n250 up\r\n')
    expect([sent(actions), told(actions)]).toEqual(['EHLO gate.test\r\n', '235 2.0.0 OK\r\n'])
  })

  it('logs in with AUTH PLAIN, and then leaves the login out of XCLIENT', () => {
    const login = make({ xclient, auth })
    expect(sent(say(login, '220 up\r\n250 up\r\n'))).toContain(
      'XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE]\r\n',
    )
    const plain = Buffer.from('\0u@d\0secret').toString('base64')
    expect(sent(say(login, '250 ok\r\n250 up\r\n'))).toBe(
      `EHLO client.test\r\nAUTH PLAIN ${plain}\r\n`,
    )
    expect(login.action).toBe('sending AUTH to upstream')
    expect(told(say(login, '235 2.7.0 welcome\r\n'))).toBe('235 2.0.0 OK\r\n')
  })

  it('goes straight to AUTH when the client gave no name', () => {
    const login = make({ xclient, auth, helo: Buffer.alloc(0) })
    say(login, '220 up\r\n250 up\r\n')
    expect(sent(say(login, '220 again\r\n'))).toMatch(/^AUTH PLAIN /)
  })

  it('has nothing to say to AUTH without a password', () => {
    const login = smtpLogin({
      serverName: 'gate.test',
      isEsmtp: true,
      auth: { user: Buffer.from('u') },
      passErrors: false,
    })
    expect(login.start().failed).toEqual({
      fault: 'unsendable',
      reason: 'no password available while sending AUTH to upstream',
      level: 'error',
      replyToClient: internal,
    })
  })

  it('passes the whole commands of a client without a login, and every answer to RCPT', () => {
    for (const reply of ['250 2.1.5 Ok\r\n', '550-5.1.1 no\r\n550 5.1.1 such user\r\n']) {
      const login = make({ envelope, login: Buffer.alloc(0) })
      say(login, '220 up\r\n')
      expect(sent(say(login, '250 up\r\n'))).toBe('MAIL FROM:<a@b> SIZE=1\r\n')
      expect(login.action).toBe('sending MAIL FROM to upstream')
      expect(sent(say(login, '250 ok\r\n'))).toBe('RCPT TO:<c@d>\r\n')
      expect(login.action).toBe('sending RCPT TO to upstream')
      const actions = say(login, reply)
      expect(told(actions)).toBe(reply)
      expect(actions.done).toBeDefined()
    }
  })

  it('sends no LOGIN where nobody logged in', () => {
    const login = make({ xclient, envelope, login: Buffer.alloc(0) })
    expect(sent(say(login, '220 up\r\n250 up\r\n'))).toContain(
      'XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE]\r\n',
    )
  })

  it('takes nothing that is not a reply, and no reply whose lines disagree', () => {
    expect(say(make({ passErrors: true }), 'hello\r\n').failed?.replyToClient).toEqual(internal)
    expect(say(make(), '220-up\r\n550 no\r\n').failed?.fault).toBe('invalid')
    expect(say(make(), '250 up\r\n').failed?.fault).toBe('invalid')
  })
})

describe('XCLIENT to an upstream of which it is not known', () => {
  const offer = '220 up\r\n250-up\r\n250 XCLIENT ADDR LOGIN PORT PROTO\r\n'

  it('names only what the upstream lists', () => {
    const login = make({ xclient: { ...xclient, mode: 'ifavailable' } })
    expect(sent(say(login, offer))).toContain(
      'XCLIENT ADDR=192.0.2.1 LOGIN=u@d PORT=4711 PROTO=ESMTP\r\n',
    )
  })

  it('is left out where it is not offered, or fails the login where it is required', () => {
    const optional = make({ xclient: { ...xclient, mode: 'ifavailable' } })
    expect(told(say(optional, '220 up\r\n250 up\r\n'))).toBe('235 2.0.0 OK\r\n')
    const required = make({ xclient: { ...xclient, mode: 'required' }, passErrors: true })
    expect(say(required, '220 up\r\n250 up\r\n').failed).toEqual({
      fault: 'refused',
      reason: 'upstream refused XCLIENT',
      level: 'error',
      replyToClient: internal,
    })
  })

  it.each(['550 not from you', '421 bye'])('may not be offered and then answered %s', (reply) => {
    const login = make({ xclient: { ...xclient, mode: 'ifavailable' } })
    expect(say(login, `${offer}${reply}\r\n`).failed?.fault).toBe('refused')
  })
})

describe('an SMTP upstream that says no (conformance case 44)', () => {
  const cases = [
    ['its greeting', {}, '', '554 no'],
    ['XCLIENT', { xclient }, '220 up\r\n250 up\r\n', '550 not you'],
    ['MAIL', { envelope }, '220 up\r\n250 up\r\n', '550 5.7.1 no'],
    ['AUTH', { auth }, '220 up\r\n250 up\r\n', '535 5.7.8 wrong'],
  ] as const

  it.each(cases)('in %s is passed on where that is asked for', (_, options, before, reply) => {
    const off = make(options)
    say(off, before)
    const reason = `upstream sent invalid response: "${reply}" while reading response from upstream`
    const quiet = say(off, `${reply}\r\n`).failed
    expect([quiet?.reason, quiet?.level, quiet?.replyToClient]).toEqual([reason, 'error', internal])
    const on = make({ ...options, passErrors: true })
    say(on, before)
    const loud = say(on, `${reply}\r\n`).failed
    expect([loud?.reason, loud?.level, loud?.replyToClient.toString()]).toEqual([
      reason,
      'info',
      `${reply}\r\n`,
    ])
  })

  it('is told apart by whether it was the login that it refused', () => {
    const login = make({ auth })
    say(login, '220 up\r\n250 up\r\n')
    const failed = say(login, '535-5.7.8 no\r\n535 5.7.8 wrong\r\n').failed
    expect(failed).toMatchObject({ fault: 'denied', denial: { text: 'wrong', code: '535 5.7.8' } })
    expect(say(make({ auth }), '554 no\r\n').failed?.fault).toBe('refused')
  })
})

describe('attacks on the way to an SMTP upstream', () => {
  const attempt = (options: Partial<SmtpLoginOptions>): LoginActions =>
    smtpLogin({ serverName: 'gate.test', isEsmtp: true, passErrors: true, ...options }).start()

  it('CR LF in HELO and in the envelope: nothing is sent', () => {
    const injected = Buffer.from('x\r\nRCPT TO:<e@e>')
    expect(attempt({ helo: injected }).failed?.reason).toBe(
      'HELO name with a line end or NUL cannot be sent to upstream',
    )
    for (const part of [{ from: injected }, { to: injected }]) {
      expect(attempt({ envelope: { ...envelope, ...part } }).failed?.reason).toBe(
        'envelope with a line end or NUL cannot be sent to upstream',
      )
    }
  })

  it('CR LF in login: is encoded in XCLIENT and in AUTH', () => {
    const login = Buffer.from('u\r\nQUIT +=\xff', 'latin1')
    const commands = sent(say(make({ xclient, login }), '220 up\r\n250 up\r\n'))
    expect(commands).toContain(' LOGIN=u+0D+0AQUIT+20+2B+3D+FF NAME')
    const authLogin = make({ auth: { ...auth, user: login } })
    expect(sent(say(authLogin, '220 up\r\n250 up\r\n'))).toMatch(/AUTH PLAIN [A-Za-z0-9+/=]+\r\n$/)
  })

  it('NUL in login: would move the password, so nothing is sent', () => {
    const user = Buffer.from('admin\0guess')
    expect(attempt({ auth: { ...auth, user } }).failed?.fault).toBe('unsendable')
  })

  it('PTR name injection: a name of DNS adds no attribute and no command', () => {
    const name = (text: string): string =>
      sent(
        say(
          make({ xclient: { ...xclient, name: { kind: 'known', name: text } } }),
          '220 up\r\n250 up\r\n',
        ),
      )
    expect(name('a\r\nQUIT')).toContain(' NAME=a+0D+0AQUIT\r\n')
    expect(name('a LOGIN=root')).toContain(' NAME=a+20LOGIN+3Droot\r\n')
    expect(name('[TEMPUNAVAIL]')).toContain(' NAME=[UNAVAILABLE]\r\n')
    expect(name('a'.repeat(300))).toContain(' NAME=[UNAVAILABLE]\r\n')
  })

  it('password repeated by the upstream: is not logged, in base64 neither', () => {
    const login = make({ auth, passErrors: true })
    say(login, '220 up\r\n250 up\r\n')
    const echo = Buffer.from('\0u@d\0secret').toString('base64')
    expect(say(login, `500 unknown: AUTH PLAIN ${echo}\r\n`).failed?.reason).not.toContain(echo)
  })

  it('endless multi-line reply: ends at its bound', () => {
    const login = make()
    say(login, '220 up\r\n')
    const failed = say(login, '250-x\r\n'.repeat(3_000)).failed
    expect(failed?.reason).toBe(
      'upstream sent too long response line: "250-x\\x0D\\x0A" while reading response from upstream',
    )
    expect(login.bufferedBytes).toBe(0)
  })
})
