// What an IMAP client hears before it is logged in, byte for byte.

import { describe, expect, it } from 'vitest'
import { base64, Conversation, dialogueOptions, testSalt } from '../../../test/kit/conversation.ts'
import type { DialogueOptions } from '../dialogue/dialogue.ts'
import { createImapDialogue, defaultImapCapabilities } from './imap-dialogue.ts'

function talk(changes: Partial<DialogueOptions> = {}): Conversation {
  const methods = ['plain'] as const
  const options = { capabilities: defaultImapCapabilities, methods, ...changes }
  return new Conversation(createImapDialogue(dialogueOptions(options)))
}

describe('an IMAP session', () => {
  it('begins with a greeting', () => {
    expect(talk().greeting).toBe('* OK IMAP4 ready\r\n')
    expect(talk({ greeting: 'hello' }).greeting).toBe('* OK hello\r\n')
  })

  it('answers NOOP, CAPABILITY and LOGOUT', () => {
    const client = talk()
    expect(client.say('a NOOP\r\n')).toBe('a OK completed\r\n')
    expect(client.say('b capability\r\n')).toBe(
      '* CAPABILITY IMAP4 IMAP4rev1 UIDPLUS AUTH=PLAIN\r\nb OK completed\r\n',
    )
    expect(client.say('c LOGOUT\r\nd NOOP\r\n')).toBe('* BYE\r\nc OK completed\r\n')
    expect(client.last.close).toEqual({ reason: 'client quit', level: 'info', lingers: false })
  })

  it('lists every mechanism that is enabled', () => {
    const client = talk({ methods: ['cram-md5', 'oauthbearer', 'login', 'plain', 'external'] })
    expect(client.say('a CAPABILITY\r\n')).toMatch(
      / UIDPLUS AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=EXTERNAL AUTH=OAUTHBEARER\r\n/,
    )
  })

  it('does not understand what has no tag, no known verb or no form (case 39)', () => {
    const client = talk({ errorsMax: 99 })
    expect(client.say('e FOO\r\n')).toBe('e BAD invalid command\r\n')
    expect(client.say('* NOOP\r\n')).toBe('* BAD invalid command\r\n')
    expect(client.say('\r\n')).toBe('* BAD invalid command\r\n')
  })

  it('ends with the error that max_errors allows no more, after answering it (case 39)', () => {
    const client = talk({ errorsMax: 3 })
    client.say('a FOO\r\nb FOO\r\n')
    expect(client.say('c FOO\r\nd NOOP\r\n')).toBe('c BAD invalid command\r\n')
    expect(client.last.close).toMatchObject({ reason: 'too many invalid commands', lingers: true })
    expect(client.logs).toEqual(['client sent too many invalid commands'])
  })

  it('does not count LOGIN with the wrong number of arguments as an error (case 39)', () => {
    const client = talk({ errorsMax: 1 })
    for (const words of ['', 'u', 'u p q', '"" p']) {
      expect(client.say(`a LOGIN ${words}\r\n`)).toBe('a BAD invalid command\r\n')
      expect(client.isClosed).toBe(false)
    }
  })

  it('is over when data would be read as commands', () => {
    const client = talk()
    expect(client.say('a FOO {10+}\r\ntest test\r\nb NOOP\r\n')).toBe('a BAD invalid command\r\n')
    expect(client.last.close?.reason).toBe('literal behind an invalid command')
  })
})

describe('LOGIN', () => {
  it('shows its arguments, in whatever form', () => {
    const commands = [
      'a LOGIN u@d p\r\n',
      'a LOGIN "u@d" "p"\r\n',
      'a LOGIN {3+}\r\nu@d {1+}\r\np\r\n',
      'a LOGIN {3+}\nu@d "p"\n',
    ]
    for (const command of commands) {
      const client = talk()
      expect(client.say(command)).toBe('')
      expect(client.login).toEqual({ method: 'plain', login: 'u@d', password: 'p' })
      expect(client.shown?.details).toEqual({ service: 'imap', tag: 'a' })
      expect(client.shown?.salt).toBeUndefined()
    }
  })

  it('asks for literals that wait to be asked for (case 41)', () => {
    const client = talk()
    expect(client.say('a LOGIN {4}\r\n')).toBe('+ OK\r\n')
    expect(client.say('u\r\nv {3}\r\n')).toBe('+ OK\r\n')
    client.say('p\t1\r\n')
    expect(client.login).toEqual({ method: 'plain', login: 'u\r\nv', password: 'p\t1' })
    const mixed = talk()
    mixed.say('a LOGIN "u %25\\"x" {3+}\r\np\t1\r\n')
    expect(mixed.login).toEqual({ method: 'plain', login: 'u %25"x', password: 'p\t1' })
  })

  it('does not ask for a literal that cannot fit, however long its number', () => {
    for (const size of ['4096', '9'.repeat(400)]) {
      const client = talk()
      expect(client.say(`a LOGIN {${size}}\r\n`)).toBe('a BAD invalid command\r\n')
      expect(client.last.close?.reason).toBe('too long command')
    }
  })

  it('is answered under its tag when it fails, and can be tried again', () => {
    const client = talk()
    client.say('a1 LOGIN u bad\r\n')
    expect(client.refuse('Invalid login or password')).toBe('a1 NO Invalid login or password\r\n')
    client.say('a2 LOGIN u good\r\n')
    expect(client.shown?.attempt).toBe(2)
    expect(client.answer({ kind: 'accepted' })).toBe('')
  })

  it('is answered under its tag when a limit is reached, and nothing after it (cases 1, 8)', () => {
    const client = talk()
    client.say('y1 LOGIN u p\r\ny2 NOOP\r\ny3 LOGOUT\r\n')
    expect(client.answer({ kind: 'limited' })).toBe('y1 NO [UNAVAILABLE] Too many connections\r\n')
    expect(client.last.close).toMatchObject({ reason: 'too many connections', lingers: true })
    expect(client.say('y4 NOOP\r\n')).toBe('')
  })

  it('is answered without its tag when something breaks', () => {
    const client = talk()
    client.say('a LOGIN u p\r\n')
    expect(client.answer({ kind: 'internal_error' })).toBe('* BAD internal server error\r\n')
    expect(client.last.close?.reason).toBe('internal error')
  })
})

describe('AUTHENTICATE', () => {
  const shownBy = (command: string): Readonly<Record<string, string>> | undefined => {
    const client = talk({ methods: ['external', 'xoauth2', 'oauthbearer', 'cram-md5'] })
    client.say(command)
    return client.login
  }

  it('takes PLAIN in one line or two', () => {
    const message = base64('\0u\0p')
    const login = { method: 'plain', login: 'u', password: 'p' }
    expect(shownBy(`a AUTHENTICATE PLAIN ${message}\r\n`)).toEqual(login)
    const client = talk()
    expect(client.say('a AUTHENTICATE PLAIN\r\n')).toBe('+ \r\n')
    client.say(`${message}\r\n`)
    expect(client.login).toEqual(login)
  })

  it('takes EXTERNAL, XOAUTH2 and OAUTHBEARER', () => {
    expect(shownBy(`a AUTHENTICATE EXTERNAL ${base64('u')}\r\n`)).toEqual({
      method: 'external',
      login: 'u',
    })
    const xoauth2 = base64('user=u\x01auth=Bearer t\x01\x01')
    expect(shownBy(`a AUTHENTICATE XOAUTH2 ${xoauth2}\r\n`)).toEqual({
      method: 'xoauth2',
      login: 'u',
      token: 't',
    })
    const oauthbearer = base64('n,a=u,\x01auth=Bearer t\x01\x01')
    expect(shownBy(`a AUTHENTICATE OAUTHBEARER ${oauthbearer}\r\n`)).toEqual({
      method: 'oauthbearer',
      login: 'u',
      token: 't',
    })
  })

  it('takes CRAM-MD5 over a salt that the event tells', () => {
    const client = talk({ methods: ['cram-md5'] })
    expect(client.say('a AUTHENTICATE CRAM-MD5\r\n')).toBe(`+ ${base64(testSalt)}\r\n`)
    client.say(`${base64(`u ${'0'.repeat(32)}`)}\r\n`)
    expect(client.login).toEqual({ method: 'cram-md5', login: 'u', response: '0'.repeat(32) })
    expect(client.shown?.salt).toBe(testSalt)
  })

  it('is refused under its tag after many lines too (case 7)', () => {
    const plain = talk()
    plain.say('x7 AUTHENTICATE PLAIN\r\n')
    plain.say(`${base64('\0u\0p')}\r\n`)
    expect(plain.answer({ kind: 'limited' })).toBe('x7 NO [UNAVAILABLE] Too many connections\r\n')
    const login = talk()
    expect(login.say('x8 AUTHENTICATE LOGIN\r\n')).toBe('+ VXNlcm5hbWU6\r\n')
    expect(login.say(`${base64('u')}\r\n`)).toBe('+ UGFzc3dvcmQ6\r\n')
    login.say(`${base64('p')}\r\n`)
    expect(login.answer({ kind: 'limited' })).toBe('x8 NO [UNAVAILABLE] Too many connections\r\n')
    const literals = talk()
    literals.say('x9 LOGIN {1}\r\n')
    literals.say('u {1}\r\n')
    literals.say('p\r\n')
    expect(literals.answer({ kind: 'limited' })).toMatch(/^x9 NO \[UNAVAILABLE\] /)
  })

  it('is answered under its tag in every step, also where freenginx forgets it', () => {
    const client = talk()
    client.say('a AUTHENTICATE LOGIN\r\n')
    expect(client.say('*\r\n')).toBe('a BAD invalid command\r\n')
    expect(client.say('b NOOP\r\n')).toBe('b OK completed\r\n')
  })

  it('needs a mechanism, and one that is enabled', () => {
    const client = talk({ errorsMax: 1 })
    for (const words of ['', ' FOO', ' EXTERNAL', ' XOAUTH2 eA==', ' PLAIN a b']) {
      expect(client.say(`a AUTHENTICATE${words}\r\n`)).toBe('a BAD invalid command\r\n')
      expect(client.isClosed).toBe(false)
    }
  })
})

describe('STARTTLS in IMAP', () => {
  it('is offered when it is on', () => {
    const client = talk({ starttls: 'on' })
    expect(client.say('a CAPABILITY\r\n')).toMatch(/ AUTH=PLAIN STARTTLS\r\n/)
    expect(client.say('b STARTTLS\r\n')).toBe('b OK completed\r\n')
    expect(client.last.event).toEqual({ kind: 'starttls' })
  })

  it('is all that is offered when it is the only way, and nothing logs in without', () => {
    const client = talk({ starttls: 'only' })
    expect(client.say('a CAPABILITY\r\n')).toBe(
      '* CAPABILITY IMAP4 IMAP4rev1 UIDPLUS STARTTLS LOGINDISABLED\r\na OK completed\r\n',
    )
    expect(client.say('b LOGIN u p\r\n')).toBe('b BAD invalid command\r\n')
    expect(client.say('c AUTHENTICATE PLAIN\r\n')).toBe('c BAD invalid command\r\n')
    client.say('d STARTTLS\r\n')
    client.tlsStarted()
    expect(client.say('e CAPABILITY\r\n')).toMatch(/ UIDPLUS AUTH=PLAIN\r\n/)
    client.say('f LOGIN u p\r\n')
    expect(client.login).toEqual({ method: 'plain', login: 'u', password: 'p' })
  })

  it('is not understood when it is off, and inside TLS', () => {
    expect(talk().say('a STARTTLS\r\n')).toBe('a BAD invalid command\r\n')
    const inside = talk({ starttls: 'on', isTls: true })
    expect(inside.say('a STARTTLS\r\n')).toBe('a BAD invalid command\r\n')
    expect(inside.say('b CAPABILITY\r\n')).not.toMatch(/STARTTLS/)
  })
})
