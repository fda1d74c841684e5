// What the three dialogues have in common: counting, holding back, failing, ending.

import { describe, expect, it } from 'vitest'
import { base64, Conversation, dialogueOptions } from '../../../test/kit/conversation.ts'
import { createImapDialogue } from '../imap/imap-dialogue.ts'
import { createPop3Dialogue } from '../pop3/pop3-dialogue.ts'
import { createSubmissionDialogue } from '../smtp/submission.ts'
import { holdMaxBytes, holdPauseBytes } from './bounds.ts'
import type { DialogueOptions } from './dialogue.ts'

interface Protocol {
  readonly name: string
  readonly talk: (changes?: Partial<DialogueOptions>) => Conversation
  readonly noop: string
  readonly done: string
  readonly invalid: string
  /** What AUTH is called. */
  readonly auth: string
  readonly starttls: string
  readonly prefix: string
  /** What a refused login reads before its text. */
  readonly refused: string
}

const protocols: readonly Protocol[] = [
  {
    name: 'IMAP',
    talk: (changes) => new Conversation(createImapDialogue(dialogueOptions(changes))),
    noop: 't NOOP\r\n',
    done: 't OK completed\r\n',
    invalid: 't BAD invalid command\r\n',
    auth: 't AUTHENTICATE',
    starttls: 't STARTTLS\r\n',
    prefix: '+ ',
    refused: 't NO ',
  },
  {
    name: 'POP3',
    talk: (changes) => new Conversation(createPop3Dialogue(dialogueOptions(changes))),
    noop: 'NOOP\r\n',
    done: '+OK\r\n',
    invalid: '-ERR invalid command\r\n',
    auth: 'AUTH',
    starttls: 'STLS\r\n',
    prefix: '+ ',
    refused: '-ERR ',
  },
  {
    name: 'SMTP',
    talk: (changes) => {
      const options = { ...dialogueOptions(changes), hasGreetingDelay: false }
      return new Conversation(createSubmissionDialogue(options))
    },
    noop: 'NOOP\r\n',
    done: '250 2.0.0 OK\r\n',
    invalid: '500 5.5.1 Invalid command\r\n',
    auth: 'AUTH',
    starttls: 'STARTTLS\r\n',
    prefix: '334 ',
    refused: '535 5.7.0 ',
  },
]

const plain = base64('\0user\0secret')
const reason = base64('{"status":"invalid_token"}')
const tokens = [
  { name: 'XOAUTH2', message: base64('user=u\x01auth=Bearer secret\x01\x01'), confirmation: '' },
  {
    name: 'OAUTHBEARER',
    message: base64('n,a=u,\x01auth=Bearer secret\x01\x01'),
    confirmation: 'AQ==',
  },
] as const

describe.each(protocols)('a $name dialogue', (protocol) => {
  const { talk, noop, done, invalid, auth, starttls, prefix, refused } = protocol

  it('answers pipelined commands one by one, in order', () => {
    expect(talk().say(noop + noop + noop)).toBe(done + done + done)
  })

  it('ends with the first command above max_commands, responses included', () => {
    const client = talk({ commandsMax: 3 })
    expect(client.say(noop)).toBe(done)
    client.say(`${auth} LOGIN\r\n`)
    client.say('dQ==\r\n')
    expect(client.say('cA==\r\n')).toBe(invalid)
    expect(client.last.close).toMatchObject({ reason: 'too many commands', lingers: true })
    expect(client.logs).toEqual(['client sent too many commands'])
    expect(client.shown).toBeUndefined()
  })

  it('ends with a command longer than its buffer, and does not show it in the log', () => {
    const client = talk({ bufferBytes: 64 })
    expect(client.say(`${auth} PLAIN ${'c2VjcmV0'.repeat(20)}\r\n${noop}`)).toBe(invalid)
    expect(client.last.close).toMatchObject({ reason: 'too long command', lingers: true })
    const verb = auth.split(' ').at(-1) ?? ''
    expect(client.logs).toEqual([`client sent too long command "${verb}..."`])
    expect(client.say(noop)).toBe('')
  })

  it('ends with a response longer than its buffer, and shows nothing of it', () => {
    const client = talk({ bufferBytes: 64 })
    client.say(`${auth} PLAIN\r\n`)
    expect(client.say('c2VjcmV0'.repeat(8))).toBe(invalid)
    expect(client.logs).toEqual(['client sent too long command "..."'])
    expect(client.isClosed).toBe(true)
  })

  it('counts a response that cannot be read as an error', () => {
    const client = talk({ errorsMax: 1 })
    client.say(`${auth} PLAIN\r\n`)
    expect(client.say('a\rb\r\n')).toBe(invalid)
    expect(client.last.close?.reason).toBe('too many invalid commands')
  })

  it('does not count a response that is wrong as an error, and goes on', () => {
    const client = talk({ errorsMax: 1 })
    client.say(`${auth} PLAIN\r\n`)
    expect(client.say(`*\r\n${noop}`)).toBe(invalid + done)
    expect(client.logs).toEqual(['client sent invalid base64 encoding in AUTH PLAIN command'])
  })

  it('holds back what follows a login, and answers it when that has failed', () => {
    const client = talk()
    expect(client.say(`${auth} PLAIN ${plain}\r\n${noop}`)).toBe('')
    expect(client.say(noop)).toBe('')
    expect(client.dialogue.bufferedBytes).toBe(2 * noop.length)
    expect(client.refuse('no')).toBe(`${refused}no\r\n${done}${done}`)
  })

  it('hands over what follows a login, when that has succeeded, and is over', () => {
    const client = talk()
    client.say(`${auth} PLAIN ${plain}\r\nab`)
    client.say('cd')
    expect(client.answer({ kind: 'accepted' })).toBe('')
    expect(client.last.rest?.toString()).toBe('abcd')
    expect(client.last.close).toBeUndefined()
    expect(client.dialogue.fromClient(Buffer.from(noop))).toEqual({})
    expect(client.dialogue.bufferedBytes).toBe(0)
  })

  it('asks for a pause while much is held back, and ends when that is not heeded', () => {
    const client = talk()
    client.say(`${auth} PLAIN ${plain}\r\n`)
    client.say('x'.repeat(holdPauseBytes - 1))
    expect(client.last.pauseClient).toBeUndefined()
    client.say('x')
    expect(client.last.pauseClient).toBe(true)
    client.say('x'.repeat(holdMaxBytes - holdPauseBytes))
    expect(client.dialogue.bufferedBytes).toBe(holdMaxBytes)
    client.say('x')
    expect(client.last).toEqual({
      close: { reason: 'too much sent before the reply', level: 'warn', lingers: true },
    })
    expect(client.answer({ kind: 'accepted' })).toBe('')
    expect(client.last).toEqual({})
  })

  it('ends a login that failed for good with its answer', () => {
    const client = talk()
    client.say(`${auth} PLAIN ${plain}\r\n${noop}`)
    const refusal = { kind: 'refused', text: 'go away', keepsSession: false } as const
    expect(client.answer(refusal)).toBe(`${refused}go away\r\n`)
    expect(client.last.close).toEqual({ reason: 'login failed', level: 'info', lingers: true })
  })

  it('an authenticator cannot forge a second reply with line ends in its text', () => {
    const client = talk()
    client.say(`${auth} PLAIN ${plain}\r\n`)
    expect(client.refuse('no\r\nmore\0\n')).toBe(`${refused}no  more  \r\n`)
  })

  it.each(tokens)('explains a failed $name first, and waits for the confirmation', (token) => {
    for (const keepsSession of [true, false]) {
      const client = talk({ methods: ['xoauth2', 'oauthbearer'] })
      client.say(`${auth} ${token.name} ${token.message}\r\n`)
      const refusal = { kind: 'refused', text: 'no', saslChallenge: reason, keepsSession } as const
      expect(client.answer(refusal)).toBe(`${prefix}${reason}\r\n`)
      expect(client.isClosed).toBe(false)
      expect(client.say(`${token.confirmation}\r\n`)).toBe(`${refused}no\r\n`)
      expect(client.last.close?.reason).toBe(keepsSession ? undefined : 'login failed')
      if (keepsSession) expect(client.say(noop)).toBe(done)
    }
  })

  it.each(tokens)('does not understand anything else behind a failed $name', (token) => {
    for (const line of ['*', 'QUIT', `${token.confirmation} x`, 'AQ=', plain]) {
      const client = talk({ methods: ['xoauth2', 'oauthbearer'] })
      client.say(`${auth} ${token.name} ${token.message}\r\n`)
      const keepsSession = line === '*'
      client.answer({ kind: 'refused', text: 'no', saslChallenge: reason, keepsSession })
      expect(client.say(`${line}\r\n`)).toBe(invalid)
      expect(client.last.close?.reason).toBe(keepsSession ? undefined : 'login failed')
      expect(client.shown).toBeUndefined()
    }
  })

  it('explains only failures of those two mechanisms', () => {
    const client = talk()
    client.say(`${auth} PLAIN ${plain}\r\n`)
    const refusal = {
      kind: 'refused',
      text: 'no',
      saslChallenge: reason,
      keepsSession: true,
    } as const
    expect(client.answer(refusal)).toBe(`${refused}no\r\n`)
  })

  it('STARTTLS injection: plain text pipelined behind it is dropped (CVE-2011-0411)', () => {
    const client = talk({ starttls: 'on' })
    client.say(`${starttls}${noop}${auth} PLAIN ${plain}\r\n`)
    expect(client.last.event).toEqual({ kind: 'starttls' })
    expect(client.say(noop)).toBe('')
    expect(client.tlsStarted()).toBe('')
    expect(client.dialogue.bufferedBytes).toBe(0)
    expect(client.say(noop)).toBe(done)
  })

  it('STARTTLS injection: half a command from before it does not join one from inside', () => {
    const client = talk({ starttls: 'on' })
    client.say(`${starttls}${auth} PL`)
    client.tlsStarted()
    expect(client.say(noop)).toBe(done)
  })

  it('stale credentials: a name given before a failure is not part of the next login', () => {
    const client = talk({ methods: ['external'] })
    client.say(`${auth} PLAIN ${plain}\r\n`)
    client.refuse('no')
    client.say(`${auth} LOGIN ${base64('user')}\r\n`)
    client.say('*\r\n')
    expect(client.say(`${base64('secret')}\r\n`)).not.toBe('')
    expect(client.shown).toBeUndefined()
    client.say(`${auth} EXTERNAL ${base64('other')}\r\n`)
    expect(client.login).toEqual({ method: 'external', login: 'other' })
    expect(client.shown?.attempt).toBe(2)
  })

  it('keeps counting commands and errors across STARTTLS and failed logins', () => {
    const client = talk({ starttls: 'on', errorsMax: 2, commandsMax: 99 })
    client.say('\r\n')
    client.say(starttls)
    client.tlsStarted()
    client.say(`${auth} PLAIN ${plain}\r\n`)
    client.refuse('no')
    client.say('\r\n')
    expect(client.last.close?.reason).toBe('too many invalid commands')
  })
})

it('a dialogue is not made with line ends in what it announces', () => {
  const options = dialogueOptions({ capabilities: ['A\r\nB'] })
  expect(() => createImapDialogue(options)).toThrow('no line ends')
})
