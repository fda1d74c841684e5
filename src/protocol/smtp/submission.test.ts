// What an SMTP client hears before it is logged in, byte for byte.

import { describe, expect, it } from 'vitest'
import { base64, Conversation, dialogueOptions, testSalt } from '../../../test/kit/conversation.ts'
import { createSubmissionDialogue, type SubmissionOptions } from './submission.ts'

function talk(changes: Partial<SubmissionOptions> = {}): Conversation {
  const options = { ...dialogueOptions(changes), hasGreetingDelay: false, ...changes }
  return new Conversation(createSubmissionDialogue(options))
}

const ok = '250 2.0.0 OK\r\n'
const invalid = '500 5.5.1 Invalid command\r\n'
const wrongArgument = '501 5.5.4 Invalid argument\r\n'
const wrongSequence = '503 5.5.1 Bad sequence of commands\r\n'

describe('an SMTP session', () => {
  it('begins with a greeting', () => {
    expect(talk().greeting).toBe('220 mx.test ESMTP ready\r\n')
    expect(talk({ greeting: 'hello' }).greeting).toBe('220 hello\r\n')
  })

  it('answers HELO with its name and EHLO with what it can do', () => {
    expect(talk().say('HELO me\r\n')).toBe('250 mx.test\r\n')
    expect(talk().say('EHLO me\r\n')).toBe('250-mx.test\r\n250 AUTH PLAIN LOGIN\r\n')
    const more = talk({ capabilities: ['SIZE 10', 'PIPELINING'], methods: ['plain', 'xoauth2'] })
    expect(more.say('ehlo me\r\n')).toBe(
      '250-mx.test\r\n250-SIZE 10\r\n250-PIPELINING\r\n250 AUTH PLAIN XOAUTH2\r\n',
    )
  })

  it('has no AUTH among its extensions when only none is enabled', () => {
    expect(talk({ methods: ['none'] }).say('EHLO me\r\n')).toBe('250 mx.test\r\n')
    const more = talk({ methods: ['none'], capabilities: ['SIZE'] })
    expect(more.say('EHLO me\r\n')).toBe('250-mx.test\r\n250 SIZE\r\n')
  })

  it('wants one argument with HELO and EHLO (case 40)', () => {
    const client = talk({ errorsMax: 1 })
    for (const command of ['HELO a b', 'EHLO', 'HELO ']) {
      expect(client.say(`${command}\r\n`)).toBe(wrongArgument)
    }
    expect(client.isClosed).toBe(false)
  })

  it('answers NOOP, RSET and QUIT', () => {
    const client = talk()
    expect(client.say('NOOP x\r\nrset\r\nQUIT\r\nNOOP\r\n')).toBe(`${ok}${ok}221 2.0.0 Bye\r\n`)
    expect(client.last.close).toEqual({ reason: 'client quit', level: 'info', lingers: false })
  })

  it('does not know DATA and the like, which counts, nor VRFY, which does not (case 40)', () => {
    const client = talk({ errorsMax: 4 })
    for (const command of ['DATA', 'BDAT 1', 'EHLO\tx', 'VRFY x', 'EXPN x', 'HELP']) {
      expect(client.say(`${command}\r\n`)).toBe(invalid)
      expect(client.isClosed).toBe(false)
    }
    expect(client.say('FOO\r\nNOOP\r\n')).toBe(invalid)
    expect(client.last.close?.reason).toBe('too many invalid commands')
  })

  it('takes eleven words behind a verb and no more', () => {
    const client = talk()
    expect(client.say(`NOOP${' x'.repeat(11)}\r\n`)).toBe(ok)
    expect(client.say(`NOOP${' x'.repeat(12)}\r\n`)).toBe(invalid)
  })

  it('wants a login before mail, and says so in the log (case 40)', () => {
    const client = talk({ errorsMax: 1 })
    expect(client.say('MAIL FROM:<a@b>\r\n')).toBe('530 5.7.1 Authentication required\r\n')
    expect(client.logs).toEqual(['client was rejected: "MAIL FROM:<a@b>__"'])
    expect(client.last.logs?.[0]).toMatchObject({ level: 'info', action: 'in auth state' })
    expect(client.say('RCPT TO:<c@d>\r\n')).toBe(wrongSequence)
    expect(client.isClosed).toBe(false)
  })

  it('does not show in the log what was pipelined behind MAIL', () => {
    const client = talk()
    client.say(`MAIL FROM:<a@b>\r\nAUTH PLAIN ${base64('\0u\0secret')}\r\n`)
    expect(client.logs).toEqual(['client was rejected: "MAIL FROM:<a@b>__"'])
    expect(client.login).toEqual({ method: 'plain', login: 'u', password: 'secret' })
  })
})

describe('AUTH in SMTP', () => {
  it('shows credentials, and who says them', () => {
    const client = talk()
    client.say('EHLO me\r\n')
    expect(client.say(`AUTH PLAIN ${base64('\0u\0p')}\r\n`)).toBe('')
    expect(client.login).toEqual({ method: 'plain', login: 'u', password: 'p' })
    expect(client.shown?.details).toEqual({
      service: 'smtp',
      helo: Buffer.from('me'),
      isEsmtp: true,
    })
  })

  it('asks with 334', () => {
    const client = talk({ methods: ['cram-md5', 'external', 'oauthbearer'] })
    const commands = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'EXTERNAL', 'OAUTHBEARER']
    const asked = commands.map((name) => {
      const reply = client.say(`AUTH ${name}\r\n`)
      expect(client.say('*\r\n')).toBe(invalid)
      return reply
    })
    expect(asked).toEqual([
      '334 \r\n',
      '334 VXNlcm5hbWU6\r\n',
      `334 ${base64(testSalt)}\r\n`,
      '334 VXNlcm5hbWU6\r\n',
      '334 \r\n',
    ])
  })

  it('wants an argument, and a mechanism that is enabled', () => {
    const client = talk({ errorsMax: 1 })
    expect(client.say('AUTH\r\n')).toBe(wrongArgument)
    expect(client.say('AUTH EXTERNAL dQ==\r\nAUTH FOO\r\n')).toBe(invalid + invalid)
    expect(client.isClosed).toBe(false)
  })

  it('is refused with the code of the authenticator, or 535 5.7.0 (case 42)', () => {
    const client = talk()
    const message = base64('\0u\0p')
    client.say(`AUTH PLAIN ${message}\r\n`)
    expect(client.refuse('Invalid login or password')).toBe(
      '535 5.7.0 Invalid login or password\r\n',
    )
    client.say(`AUTH PLAIN ${message}\r\n`)
    const errorCode = '451 4.3.0'
    const text = 'try later'
    const refusal = { kind: 'refused', text, errorCode, keepsSession: false } as const
    expect(client.answer(refusal)).toBe('451 4.3.0 try later\r\n')
    expect(client.last.close).toMatchObject({ reason: 'login failed', lingers: true })
  })

  it('is answered when a limit is reached, or something breaks (case 3)', () => {
    const limited = talk()
    limited.say(`AUTH PLAIN ${base64('\0u\0p')}\r\n`)
    expect(limited.answer({ kind: 'limited' })).toBe('454 4.7.0 Too many connections\r\n')
    const broken = talk()
    broken.say(`AUTH PLAIN ${base64('\0u\0p')}\r\n`)
    expect(broken.answer({ kind: 'internal_error' })).toBe('451 4.3.2 Internal server error\r\n')
  })
})

describe('smtp_auth none', () => {
  const sender = 'MAIL FROM:<a@b> SIZE=1'

  it('asks about the first recipient, with whole commands', () => {
    const client = talk({ methods: ['none'] })
    client.say('HELO me\r\n')
    expect(client.say(`${sender}  \r\n`)).toBe(ok)
    expect(client.say('rcpt TO:<c@d>\r\nDATA\r\n')).toBe('')
    expect(client.login).toEqual({ method: 'none' })
    expect(client.shown?.details).toEqual({
      service: 'smtp',
      helo: Buffer.from('me'),
      isEsmtp: false,
      mailFrom: Buffer.from(sender),
      rcptTo: Buffer.from('rcpt TO:<c@d>'),
    })
    client.answer({ kind: 'accepted' })
    expect(client.last.rest).toEqual(Buffer.from('DATA\r\n'))
  })

  it('has one sender, until RSET, HELO or EHLO', () => {
    const client = talk({ methods: ['none'] })
    expect(client.say('MAIL\r\n')).toBe(wrongArgument)
    expect(client.say('RCPT TO:<c@d>\r\n')).toBe(wrongSequence)
    for (const command of ['RSET', 'HELO me', 'EHLO me']) {
      expect(client.say(`${sender}\r\n`)).toBe(ok)
      expect(client.say(`${sender}\r\n`)).toBe(wrongSequence)
      expect(client.say('RCPT\r\n')).toBe(wrongArgument)
      client.say(`${command}\r\n`)
      expect(client.say('RCPT TO:<c@d>\r\n')).toBe(wrongSequence)
    }
  })

  it('is answered when a limit is reached (case 9)', () => {
    const client = talk({ methods: ['none'] })
    expect(client.say(`HELO me\r\n${sender}\r\n`)).toBe(`250 mx.test\r\n${ok}`)
    client.say('RCPT TO:<c@d>\r\n')
    expect(client.answer({ kind: 'limited' })).toBe('454 4.7.0 Too many connections\r\n')
  })

  it('keeps the sender when a recipient is refused, so that another can be tried', () => {
    const client = talk({ methods: ['none'] })
    client.say(`${sender}\r\nRCPT TO:<c@d>\r\n`)
    expect(client.refuse('no')).toBe('535 5.7.0 no\r\n')
    client.say('RCPT TO:<e@f>\r\n')
    expect(client.shown?.details).toMatchObject({ rcptTo: Buffer.from('RCPT TO:<e@f>') })
  })

  it('a stale login of a failed AUTH never reaches MAIL (CVE-2025-53859)', () => {
    const client = talk({ methods: ['plain', 'login', 'none'] })
    client.say(`AUTH PLAIN ${base64('\0victim\0guess')}\r\n`)
    client.refuse('no')
    client.say(`AUTH LOGIN ${base64('victim')}\r\n`)
    client.say('*\r\n')
    client.say(`${sender}\r\nRCPT TO:<c@d>\r\n`)
    expect(client.login).toEqual({ method: 'none' })
    expect(JSON.stringify(client.shown)).not.toMatch(/victim|guess/)
  })
})

describe('STARTTLS in SMTP', () => {
  it('is listed last when it is on, and instead of AUTH when it is the only way', () => {
    expect(talk({ starttls: 'on' }).say('EHLO me\r\n')).toBe(
      '250-mx.test\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n',
    )
    const only = talk({ starttls: 'only', capabilities: ['SIZE'] })
    expect(only.say('EHLO me\r\n')).toBe('250-mx.test\r\n250-SIZE\r\n250 STARTTLS\r\n')
    expect(only.say('AUTH PLAIN\r\n')).toBe(invalid)
    expect(talk({ starttls: 'only', isTls: true }).say('EHLO me\r\n')).not.toMatch(/STARTTLS/)
  })

  it('forgets what was said before it (RFC 3207)', () => {
    const client = talk({ starttls: 'on', methods: ['none'] })
    client.say('EHLO me\r\nMAIL FROM:<a@b>\r\n')
    expect(client.say('STARTTLS\r\n')).toBe('220 2.0.0 Start TLS\r\n')
    expect(client.last.event).toEqual({ kind: 'starttls' })
    client.tlsStarted()
    expect(client.say('RCPT TO:<c@d>\r\n')).toBe(wrongSequence)
    client.say('MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n')
    expect(client.shown?.details).toMatchObject({ isEsmtp: false })
    expect(client.shown?.details).not.toHaveProperty('helo')
  })

  it('is not understood when it is off, and inside TLS', () => {
    expect(talk().say('STARTTLS\r\n')).toBe(invalid)
    expect(talk({ starttls: 'on', isTls: true }).say('STARTTLS\r\n')).toBe(invalid)
  })
})

describe('smtp_greeting_delay', () => {
  it('keeps the greeting back until it is due', () => {
    const client = talk({ hasGreetingDelay: true })
    expect(client.greeting).toBe('')
    expect(client.say('')).toBe('')
    expect(client.take(client.dialogue.greetingDue())).toBe('220 mx.test ESMTP ready\r\n')
    expect(client.take(client.dialogue.greetingDue())).toBe('')
    expect(client.say('NOOP\r\n')).toBe(ok)
  })

  it('sends early talkers away (case 40)', () => {
    const client = talk({ hasGreetingDelay: true })
    expect(client.say('EHLO x\r\nMAIL FROM:<a@b>\r\n')).toBe(
      '503 5.5.0 Improper use of SMTP command pipelining\r\n',
    )
    expect(client.last.close?.reason).toBe('client spoke before the greeting')
    expect(client.last.logs).toEqual([
      {
        level: 'info',
        text: 'client was rejected before greeting: "EHLO x__"',
        action: 'in delay pipelining state',
      },
    ])
    expect(client.take(client.dialogue.greetingDue())).toBe('')
  })
})
