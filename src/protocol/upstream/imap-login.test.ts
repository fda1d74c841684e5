// Expectations for the login at an IMAP upstream.

import { describe, expect, it } from 'vitest'
import { loginMaxBytes, loginReplyMaxBytes } from './bounds.ts'
import { imapLogin, type ImapLoginOptions } from './imap-login.ts'
import type { LoginActions, UpstreamLogin } from './login.ts'

const credentials = { user: Buffer.from('u@d'), password: Buffer.from('secret') }

function make(options: Partial<ImapLoginOptions> = {}): UpstreamLogin {
  const login = imapLogin({ tag: 'a1', credentials, passErrors: false, ...options })
  expect(login.start()).toEqual({})
  return login
}

const say = (login: UpstreamLogin, text: string): LoginActions =>
  login.fromUpstream(Buffer.from(text))
const sent = (actions: LoginActions): string =>
  Buffer.concat(actions.toUpstream ?? []).toString('latin1')
const told = (actions: LoginActions): string =>
  Buffer.concat(actions.toClient ?? []).toString('latin1')

/** Up to the point where the password has been sent. */
function atPassword(options: Partial<ImapLoginOptions> = {}): UpstreamLogin {
  const login = make(options)
  say(login, '* OK ready\r\n+ go\r\n+ go\r\n')
  return login
}

describe('the login at an IMAP upstream', () => {
  it("speaks LOGIN with two literals under the client's tag", () => {
    const login = make()
    expect(login.action).toBe('connecting to upstream')
    expect(sent(say(login, '* OK ready\r\n'))).toBe('a1 LOGIN {3}\r\n')
    expect(login.action).toBe('sending LOGIN command to upstream')
    expect(sent(say(login, '+ OK\r\n'))).toBe('u@d {6}\r\n')
    expect(login.action).toBe('sending user name to upstream')
    expect(sent(say(login, '+ OK\r\n'))).toBe('secret\r\n')
    expect(login.action).toBe('sending password to upstream')
    const actions = say(login, 'a1 OK logged in\r\n')
    expect(told(actions)).toBe('a1 OK logged in\r\n')
    expect(actions.done).toEqual({ rest: Buffer.alloc(0) })
    expect(login.bufferedBytes).toBe(0)
  })

  it('counts a literal in bytes, not in characters', () => {
    const login = make({ credentials: { ...credentials, user: Buffer.from('jörg') } })
    expect(sent(say(login, '* OK ready\r\n'))).toBe('a1 LOGIN {5}\r\n')
  })

  it('passes several untagged lines on before the tagged OK (conformance case 45)', () => {
    const login = atPassword()
    expect(say(login, '* CAPABILITY IMAP4rev1 IDLE\r\n* OK [ALERT] full\r\n')).toEqual({})
    const actions = say(login, 'a1 ok in\r\n* 3 EXISTS\r\n')
    expect(told(actions)).toBe('* CAPABILITY IMAP4rev1 IDLE\r\n* OK [ALERT] full\r\na1 ok in\r\n')
    expect(actions.done?.rest.toString()).toBe('* 3 EXISTS\r\n')
  })

  it('keeps untagged lines that come before the continuation', () => {
    const login = make()
    expect(sent(say(login, '* OK ready\r\n* OK still here\r\n+ go\r\n'))).toBe(
      'a1 LOGIN {3}\r\nu@d {6}\r\n',
    )
    expect(told(say(login, '+ go\r\na1 OK in\r\n'))).toBe('* OK still here\r\na1 OK in\r\n')
  })

  it('refuses PREAUTH, whoever it would be', () => {
    expect(say(make({ passErrors: true }), '* PREAUTH welcome root\r\n').failed).toEqual({
      fault: 'invalid',
      reason:
        'upstream sent invalid response: "* PREAUTH welcome root" while reading response from upstream',
      level: 'error',
      replyToClient: Buffer.from('* BAD internal server error\r\n'),
    })
  })

  it('takes no other tag and no early OK for its own', () => {
    expect(say(atPassword(), 'a2 OK in\r\n').failed?.fault).toBe('invalid')
    expect(say(atPassword(), 'A1 OK in\r\n').failed?.fault).toBe('invalid')
    expect(say(atPassword(), 'a1 OKAY\r\n').failed?.fault).toBe('invalid')
    const early = make({ passErrors: true })
    expect(say(early, '* OK ready\r\na1 OK in\r\n').failed?.replyToClient.toString()).toBe(
      '* BAD internal server error\r\n',
    )
  })

  it('says nothing more once it is over', () => {
    const login = atPassword()
    say(login, 'a1 NO nope\r\n')
    expect(say(login, 'a1 OK in\r\n')).toEqual({})
    expect(login.upstreamEnded()).toEqual({})
  })

  it('ends with the upstream', () => {
    expect(atPassword().upstreamEnded().failed).toEqual({
      fault: 'closed',
      reason: 'upstream prematurely closed connection while reading response from upstream',
      level: 'error',
      replyToClient: Buffer.from('* BAD internal server error\r\n'),
    })
  })
})

describe('an IMAP upstream that says no (conformance case 44)', () => {
  const denial = 'a1 NO [AUTHENTICATIONFAILED] nope\r\n'
  const reason =
    'upstream sent invalid response: "a1 NO [AUTHENTICATIONFAILED] nope" while reading response from upstream'

  it('is not quoted to the client unless that is asked for', () => {
    expect(say(atPassword(), denial).failed).toEqual({
      fault: 'denied',
      denial: { text: '[AUTHENTICATIONFAILED] nope' },
      reason,
      level: 'error',
      replyToClient: Buffer.from('* BAD internal server error\r\n'),
    })
    expect(say(atPassword({ passErrors: true }), denial).failed).toEqual({
      fault: 'denied',
      denial: { text: '[AUTHENTICATIONFAILED] nope' },
      reason,
      level: 'info',
      replyToClient: Buffer.from(denial),
    })
  })

  it('is not quoted at all when it repeats the password', () => {
    const said = say(atPassword(), 'a1 NO secret is wrong\r\n').failed
    expect(said?.denial).toEqual({ text: '' })
    expect(JSON.stringify(said)).not.toContain('secret')
  })

  it('may do so in its greeting', () => {
    const bye = '* BYE go away\r\n'
    expect(say(make({ passErrors: true }), bye).failed?.replyToClient.toString()).toBe(bye)
    expect(say(make(), bye).failed?.replyToClient.toString()).toBe(
      '* BAD internal server error\r\n',
    )
  })

  it('may leave in the middle', () => {
    expect(say(atPassword(), '* BYE shutting down\r\n').failed?.fault).toBe('refused')
  })
})

describe('ID before the login', () => {
  const id = {
    client: { address: { family: 4, words: [0xc0000201], text: '192.0.2.1' } as const, port: 4711 },
    connected: { address: '198.51.100.1', port: 993 },
  }

  const fields =
    '"x-originating-ip" "192.0.2.1" "x-originating-port" "4711" ' +
    '"x-connected-ip" "198.51.100.1" "x-connected-port" "993" "x-proxy-ttl" "4"'

  it("tells the upstream the client's address, and keeps the answer to itself", () => {
    const login = make({ id })
    const greeting = '* OK [CAPABILITY IMAP4rev1 ID ENABLE] ready\r\n'
    expect(sent(say(login, greeting))).toBe(`postern ID (${fields})\r\n`)
    expect(login.action).toBe('sending ID to upstream')
    const answer = '* ID ("name" "Dovecot")\r\npostern OK ID completed.\r\n'
    expect(sent(say(login, answer))).toBe('a1 LOGIN {3}\r\n')
    expect(told(say(login, '+ go\r\n+ go\r\na1 OK in\r\n'))).toBe('a1 OK in\r\n')
  })

  it('asks an upstream whose greeting does not say what it can do', () => {
    const login = make({ id })
    expect(sent(say(login, '* OK ready\r\n'))).toBe('postern CAPABILITY\r\n')
    expect(login.action).toBe('sending CAPABILITY to upstream')
    const answer = '* CAPABILITY IMAP4rev1 id\r\npostern OK done\r\n'
    expect(sent(say(login, answer))).toBe(`postern ID (${fields})\r\n`)
    expect(sent(say(login, 'postern OK\r\n'))).toBe('a1 LOGIN {3}\r\n')
    expect(told(say(login, '+ go\r\n+ go\r\na1 OK in\r\n'))).toBe('a1 OK in\r\n')
  })

  it('is sent to nobody who does not offer it', () => {
    const listed = make({ id })
    expect(sent(say(listed, '* OK [CAPABILITY IMAP4rev1 IDLE] up\r\n'))).toBe('a1 LOGIN {3}\r\n')
    const asked = make({ id })
    say(asked, '* OK ready\r\n')
    const answer = '* CAPABILITY IMAP4rev1 XID\r\npostern OK done\r\n'
    expect(sent(say(asked, answer))).toBe('a1 LOGIN {3}\r\n')
    const mute = make({ id })
    say(mute, '* OK ready\r\n')
    expect(sent(say(mute, 'postern BAD what?\r\n'))).toBe('a1 LOGIN {3}\r\n')
  })

  it('goes on when the upstream does not take it', () => {
    const login = make({ id })
    expect(sent(say(login, '* OK [CAPABILITY ID] up\r\npostern BAD what?\r\n'))).toContain(
      'a1 LOGIN {3}\r\n',
    )
  })

  it('is left out when there is no address to tell', () => {
    expect(sent(say(make({ id: { client: {} } }), '* OK ready\r\n'))).toBe('a1 LOGIN {3}\r\n')
  })

  it("never uses the client's own tag", () => {
    const login = make({ id, tag: 'postern' })
    expect(sent(say(login, '* OK [CAPABILITY ID] up\r\n'))).toMatch(/^postern2 ID /)
  })
})

describe('attacks on the login at an IMAP upstream', () => {
  it('CR LF in login: stays inside its literal', () => {
    const user = Buffer.from('u\r\nx LOGOUT')
    const login = make({ credentials: { ...credentials, user } })
    expect(sent(say(login, '* OK ready\r\n'))).toBe(`a1 LOGIN {${user.length}}\r\n`)
    expect(sent(say(login, '+ go\r\n'))).toBe('u\r\nx LOGOUT {6}\r\n')
  })

  it('NUL in login: nothing is sent', () => {
    const login = imapLogin({
      tag: 'a1',
      credentials: { ...credentials, password: Buffer.from('a\0b') },
      passErrors: true,
    })
    expect(login.start().failed).toEqual({
      fault: 'unsendable',
      reason: 'password with NUL cannot be sent to upstream',
      level: 'info',
      replyToClient: Buffer.from('* BAD internal server error\r\n'),
    })
    expect(say(login, '* OK ready\r\n')).toEqual({})
  })

  it('response splitting: a tagged OK inside a literal is not the answer', () => {
    const login = atPassword()
    expect(say(login, '* X {12}\r\na1 OK fake\r\n tail\r\n')).toEqual({})
    expect(told(say(login, 'a1 OK in\r\n'))).toBe('* X {12}\r\na1 OK fake\r\n tail\r\na1 OK in\r\n')
  })

  it('literal length overflow: a length that does not fit ends the login', () => {
    for (const length of ['16385', '4294967297', '9'.repeat(30), '9'.repeat(500)]) {
      const login = atPassword()
      expect(say(login, `* X {${length}}\r\n`).failed?.fault).toBe('too_long')
      expect(login.bufferedBytes).toBe(0)
    }
  })

  it('literal length overflow: literals add up to one bound', () => {
    const login = atPassword()
    const literal = `{9000}\r\n${'x'.repeat(9_000)}`
    expect(say(login, `* X ${literal} ${literal}`).failed?.fault).toBe('too_long')
  })

  it('endless line and endless greeting: both end at their bound', () => {
    const long = say(make(), `* OK ${'x'.repeat(9_000)}`).failed
    expect(long?.reason).toMatch(
      /^upstream sent too long response line: "\* OK x+\.\.\." while reading/,
    )
    const login = atPassword()
    const line = `* OK ${'x'.repeat(100)}\r\n`
    const flood = say(login, line.repeat(Math.ceil(loginReplyMaxBytes / line.length) + 1))
    expect(flood.failed?.fault).toBe('too_long')
    expect(login.bufferedBytes).toBeLessThanOrEqual(loginMaxBytes)
  })

  it('password repeated by the upstream: is not logged', () => {
    for (const echo of ['secret', 'SECRET', Buffer.from('secret').toString('base64')]) {
      const failed = say(atPassword(), `a1 NO bad password ${echo}\r\n`).failed
      expect(failed?.reason).toBe(
        'upstream sent invalid response: "(not shown, it repeats the password)" while reading response from upstream',
      )
    }
    const long = say(atPassword(), `* secret ${'x'.repeat(9_000)}`).failed
    expect(long?.reason).not.toContain('secret')
  })

  it('password of the auth server repeated by the upstream: does not reach the client', () => {
    const foreign = { ...credentials, isPasswordForeign: true }
    const echo = 'a1 NO bad password secret\r\n'
    const options = { passErrors: true, credentials: foreign }
    expect(say(atPassword(options), echo).failed?.replyToClient.toString()).toBe(
      '* BAD internal server error\r\n',
    )
    const own = say(atPassword({ passErrors: true }), echo).failed
    expect(own?.replyToClient.toString()).toBe(echo)
  })

  it('log injection: control characters and quotes of the upstream are escaped', () => {
    const failed = say(atPassword(), 'a1 NO "x"\r\x1b[2J\r\n').failed
    expect(failed?.reason).toContain('"a1 NO \\"x\\"\\x0D\\x1B[2J"')
  })
})
