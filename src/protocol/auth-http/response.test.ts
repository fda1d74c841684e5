// Expectations for reading the answer of an auth server.

import { describe, expect, it } from 'vitest'
import { authServerFault, loginFailed } from './log-text.ts'
import type { JudgeOptions } from './judge.ts'
import type { AuthOutcome } from './outcome.ts'
import { authResponseMaxBytes, AuthResponseReader } from './response.ts'

const name = '127.0.0.1:28080'
const status = 'HTTP/1.0 200 OK\r\n'
const ok = 'Auth-Status: OK\r\nAuth-Server: 127.0.0.1\r\nAuth-Port: 143\r\n'

function outcome(text: string, options: Partial<JudgeOptions> = {}): AuthOutcome | undefined {
  const reader = new AuthResponseReader({ serverName: name, needsPassword: false, ...options })
  return reader.read(Buffer.from(text, 'latin1'))
}

/** The answer with these headers. */
const answer = (headers: string, options: Partial<JudgeOptions> = {}): AuthOutcome | undefined =>
  outcome(`${status}${headers}\r\n`, options)

function brokenText(found: AuthOutcome | undefined): string | undefined {
  return found?.kind === 'broken' ? found.logText : undefined
}

describe('an answer that accepts', () => {
  it('says where to go', () => {
    expect(answer(ok)).toEqual({
      kind: 'accept',
      server: '127.0.0.1',
      port: 143,
      headers: [
        { name: 'Auth-Status', value: Buffer.from('OK') },
        { name: 'Auth-Server', value: Buffer.from('127.0.0.1') },
        { name: 'Auth-Port', value: Buffer.from('143') },
      ],
    })
  })

  it('may replace user name and password, byte for byte', () => {
    const found = answer(`${ok}Auth-User:  sh\xffared \r\nauth-pass: p w\r\n`)
    expect(found).toMatchObject({
      user: Buffer.from('sh\xffared', 'latin1'),
      password: Buffer.from('p w'),
    })
  })

  it('counts whatever its HTTP status, and without one (conformance case 43)', () => {
    const found = answer(ok)
    expect(outcome(`HTTP/1.0 500 Oops\r\n${ok}\r\n`)).toEqual(found)
    expect(outcome(`${ok}\r\n`)).toEqual(found)
  })

  it('needs no Auth-Status', () => {
    expect(answer('Auth-Server: ::1\r\nAuth-Port: 0993\r\n')).toMatchObject({
      kind: 'accept',
      server: '::1',
      port: 993,
    })
  })

  it('takes lines that end in LF alone', () => {
    expect(outcome(`${status}${ok}\r\n`.replaceAll('\r', ''))).toEqual(answer(ok))
  })

  it('lets the last header of a name count', () => {
    expect(answer(`${ok}Auth-Port: 144\r\n`)).toMatchObject({ port: 144 })
  })

  it('keeps inner spaces and tabs of a value and trims spaces around it', () => {
    const found = answer(`${ok}X-Key:   sp  inner  \r\nX-Tab: \ta\t \r\nX-Empty\r\n`)
    expect(found?.kind === 'accept' ? found.headers.slice(3) : []).toEqual([
      { name: 'X-Key', value: Buffer.from('sp  inner') },
      { name: 'X-Tab', value: Buffer.from('\ta\t') },
      { name: 'X-Empty', value: Buffer.alloc(0) },
    ])
  })
})

describe('an answer that does not accept', () => {
  it('makes the client wait without its knowing', () => {
    expect(answer('Auth-Status: WAIT\r\nAuth-Wait: 2\r\n')).toEqual({ kind: 'wait', waitMs: 2_000 })
    expect(answer('Auth-Status: WAIT\r\n')).toEqual({ kind: 'wait', waitMs: 0 })
  })

  it('has a text, and perhaps a time to wait (conformance case 42)', () => {
    const text = 'Invalid login or password'
    expect(answer(`Auth-Status: ${text}\r\nAuth-Wait: 1\r\n`)).toEqual({
      kind: 'fail',
      text,
      waitMs: 1_000,
    })
    expect(answer(`Auth-Status: ${text}\r\nAuth-Wait: 0\r\n`)).toEqual({ kind: 'fail', text })
    expect(answer(`Auth-Status: ${text}\r\nAuth-Wait: soon\r\n`)).toEqual({ kind: 'fail', text })
  })

  it('is one whenever the status is not exactly OK', () => {
    for (const text of ['ok', 'OK!', 'wait', '']) {
      expect(answer(`Auth-Status: ${text}\r\n${ok}`)).toEqual({ kind: 'fail', text })
    }
  })

  it('has a reply code for SMTP', () => {
    expect(answer('Auth-Status: x\r\nAuth-Error-Code: 451 4.3.0\r\n')).toMatchObject({
      errorCode: '451 4.3.0',
    })
    expect(answer('Auth-Status: x\r\nAuth-Error-Code: 535\r\n')).toMatchObject({ errorCode: '535' })
  })

  it('has a challenge for the methods that take one', () => {
    const headers = 'Auth-Status: x\r\nAuth-Error-SASL: eyJ9\r\n'
    expect(answer(headers, { takesSaslChallenge: true })).toMatchObject({ saslChallenge: 'eyJ9' })
    expect(answer(headers)).toEqual({ kind: 'fail', text: 'x' })
  })

  it('waits a day at most, since longer timers of Node fire at once', () => {
    expect(answer(`Auth-Status: WAIT\r\nAuth-Wait: ${'9'.repeat(40)}\r\n`)).toEqual({
      kind: 'wait',
      waitMs: 86_400_000,
    })
  })

  it('is logged with what the client was told', () => {
    expect(loginFailed('Invalid "x"\x1b')).toBe('client login failed: "Invalid \\"x\\"\\x1B"')
  })
})

describe('an answer that is broken', () => {
  const text = (rest: string): string => `auth http server ${name} ${rest}`

  it.each([
    ['Auth-Status: OK\r\n', 'did not send server or port'],
    ['Auth-Server: 127.0.0.1\r\n', 'did not send server or port'],
    ['Auth-Server:\r\nAuth-Port: 143\r\n', 'did not send server or port'],
    ['Auth-Server: host.name\r\nAuth-Port: 143\r\n', 'sent invalid server address:"host.name"'],
    ['Auth-Server: 127.0.0.1\r\nAuth-Port: 0\r\n', 'sent invalid server port:"0"'],
    ['Auth-Server: 127.0.0.1\r\nAuth-Port: 65536\r\n', 'sent invalid server port:"65536"'],
    ['Auth-Server: 127.0.0.1\r\nAuth-Port: -1\r\n', 'sent invalid server port:"-1"'],
    ['X_Key: a\r\n', 'sent invalid header in response'],
    ['-X: a\r\n', 'sent invalid header in response'],
    [': a\r\n', 'sent invalid header in response'],
    ['X Y: a\r\n', 'sent invalid header in response'],
  ])('%j is said in the words of nginx', (headers, rest) => {
    expect(brokenText(answer(headers))).toBe(text(rest))
  })

  it('lacks a password where only the auth server knows it', () => {
    expect(brokenText(answer(ok, { needsPassword: true }))).toBe(text('did not send password'))
    expect(answer(`${ok}Auth-Pass: p\r\n`, { needsPassword: true })?.kind).toBe('accept')
  })

  it('has a status line with a stray CR', () => {
    expect(brokenText(outcome('HTTP/1.0 200\rOK\r\n'))).toBe(text('sent invalid response'))
  })

  it('is known as soon as the line is', () => {
    expect(brokenText(outcome(`${status}X_Key: a\r\n`))).toBe(
      text('sent invalid header in response'),
    )
  })

  it('ends before its headers do', () => {
    const reader = new AuthResponseReader({ serverName: name, needsPassword: false })
    expect(reader.read(Buffer.from(status + ok))).toBeUndefined()
    expect(brokenText(reader.end())).toBe(text('prematurely closed connection'))
    expect(reader.bufferedBytes).toBe(0)
  })

  it('has words for a server that does not answer', () => {
    expect(authServerFault(name, 'timed out (110: Connection timed out)')).toBe(
      text('timed out (110: Connection timed out)'),
    )
  })
})

describe('the bound of an answer', () => {
  it('takes more than the 1,024 bytes of freenginx', () => {
    expect(answer(`Set-Cookie: ${'x'.repeat(4_000)}\r\n${ok}`)?.kind).toBe('accept')
  })

  it('holds for one line and for all of them, ended or not', () => {
    const tooBig = `auth http server ${name} sent too big header in response`
    const long = 'x'.repeat(authResponseMaxBytes)
    expect(brokenText(outcome(`${status}X: ${long}`))).toBe(tooBig)
    expect(brokenText(outcome(`HTTP/${long}`))).toBe(tooBig)
    expect(brokenText(outcome('X: y\r\n'.repeat(2_000)))).toBe(tooBig)
  })

  it('does not count the body', () => {
    const reader = new AuthResponseReader({ serverName: name, needsPassword: false })
    const found = reader.read(Buffer.from(`${status}${ok}\r\n${'x'.repeat(100_000)}`))
    expect(found?.kind).toBe('accept')
    expect(reader.read(Buffer.alloc(100_000))).toBe(found)
    expect(reader.end()).toBe(found)
    expect(reader.bufferedBytes).toBe(0)
  })
})

describe('attacks through the answer of an auth server', () => {
  it('response splitting: no text for a client holds CR, LF or NUL', () => {
    for (const text of ['no\ra2 OK in', 'no\r\r', 'no\0']) {
      expect(brokenText(answer(`Auth-Status: ${text}\r\n`))).toBe(
        `auth http server ${name} sent invalid header in response`,
      )
    }
  })

  it('response splitting: a reply code that is no failure is not used', () => {
    for (const code of ['235 2.0.0', '334', '535-5.7.0', '535 5.7.0 x', '250']) {
      expect(answer(`Auth-Status: x\r\nAuth-Error-Code: ${code}\r\n`)).toEqual({
        kind: 'fail',
        text: 'x',
      })
    }
  })

  it('log injection: an invalid address is escaped and cut', () => {
    const found = brokenText(answer(`Auth-Server: "\x1b${'x'.repeat(500)}\r\nAuth-Port: 1\r\n`))
    expect(found).toContain('address:"\\"\\x1Bxxx')
    expect(found?.length).toBeLessThan(400)
  })
})
