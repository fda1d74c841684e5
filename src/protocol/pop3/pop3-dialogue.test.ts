// What a POP3 client hears before it is logged in, byte for byte.

import { describe, expect, it } from 'vitest'
import { base64, Conversation, dialogueOptions, testSalt } from '../../../test/kit/conversation.ts'
import type { DialogueOptions } from '../dialogue/dialogue.ts'
import { createPop3Dialogue, defaultPop3Capabilities } from './pop3-dialogue.ts'

function talk(changes: Partial<DialogueOptions> = {}): Conversation {
  const methods = ['plain'] as const
  const options = { capabilities: defaultPop3Capabilities, methods, ...changes }
  return new Conversation(createPop3Dialogue(dialogueOptions(options)))
}

const invalid = '-ERR invalid command\r\n'

describe('a POP3 session', () => {
  it('begins with a greeting, with a salt when a method needs one', () => {
    expect(talk().greeting).toBe('+OK POP3 ready\r\n')
    expect(talk({ methods: ['apop'] }).greeting).toBe(`+OK POP3 ready ${testSalt}\r\n`)
    expect(talk({ methods: ['cram-md5'], greeting: 'hi' }).greeting).toBe(`+OK hi ${testSalt}\r\n`)
  })

  it('lists its capabilities (case 38)', () => {
    expect(talk().say('CAPA\r\n')).toBe(
      '+OK Capability list follows\r\nTOP\r\nUSER\r\nUIDL\r\nRESP-CODES\r\nSASL PLAIN LOGIN\r\n.\r\n',
    )
  })

  it('lists STLS when it is on, and nothing that logs in when it is the only way (case 38)', () => {
    expect(talk({ starttls: 'on' }).say('CAPA\r\n')).toMatch(/SASL PLAIN LOGIN\r\nSTLS\r\n\.\r\n$/)
    const only = talk({ starttls: 'only' })
    expect(only.say('capa\r\n')).toBe(
      '+OK Capability list follows\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nSTLS\r\n.\r\n',
    )
  })

  it('lists the mechanisms of AUTH, without APOP', () => {
    const client = talk({ methods: ['apop', 'cram-md5', 'external'] })
    expect(client.say('AUTH\r\n')).toBe('+OK methods supported:\r\nCRAM-MD5\r\nEXTERNAL\r\n.\r\n')
    expect(talk().say('AUTH\r\n')).toBe('+OK methods supported:\r\nPLAIN\r\nLOGIN\r\n.\r\n')
  })

  it('answers NOOP and QUIT', () => {
    const client = talk()
    expect(client.say('noop\r\nQUIT\r\nNOOP\r\n')).toBe('+OK\r\n+OK\r\n')
    expect(client.last.close).toEqual({ reason: 'client quit', level: 'info', lingers: false })
  })

  it('does not understand other commands, and counts them', () => {
    const client = talk({ errorsMax: 3 })
    expect(client.say('STAT\r\n\r\n')).toBe(invalid + invalid)
    expect(client.say('NOOP a b c d\r\nNOOP\r\n')).toBe(invalid)
    expect(client.last.close?.reason).toBe('too many invalid commands')
  })
})

describe('USER and PASS', () => {
  it('take the rest of their lines, spaces included', () => {
    const client = talk()
    expect(client.say('USER  a b \r\n')).toBe('+OK\r\n')
    expect(client.say('PASS  p w \r\n')).toBe('')
    expect(client.login).toEqual({ method: 'plain', login: 'a b ', password: 'p w ' })
    expect(client.shown?.details).toEqual({ service: 'pop3' })
  })

  it('have a state between them, in which STLS is no longer listed', () => {
    const client = talk({ starttls: 'on' })
    client.say('USER u\r\n')
    expect(client.say('NOOP\r\n')).toBe('+OK\r\n')
    expect(client.say('CAPA\r\n')).toMatch(/SASL PLAIN LOGIN\r\n\.\r\n$/)
    client.say('PASS p\r\n')
    expect(client.login).toMatchObject({ login: 'u' })
  })

  it('start anew after a second USER, an unknown command or PASS alone', () => {
    for (const command of [
      'USER v\r\n',
      'FOO\r\n',
      'PASS\r\n',
      'PASS \r\n',
      'AUTH\r\n',
      'STLS\r\n',
    ]) {
      const client = talk({ starttls: 'on' })
      client.say('USER u\r\n')
      expect(client.say(command)).toBe(invalid)
      expect(client.say('PASS p\r\n')).toBe(invalid)
      expect(client.login).toBeUndefined()
    }
    expect(talk().say('USER\r\n')).toBe(invalid)
  })

  it('are both needed again after a failure', () => {
    const client = talk()
    client.say('USER u\r\nPASS p\r\n')
    expect(client.refuse('no')).toBe('-ERR no\r\n')
    expect(client.say('PASS q\r\n')).toBe(invalid)
    client.say('USER u\r\nPASS q\r\n')
    expect(client.login).toEqual({ method: 'plain', login: 'u', password: 'q' })
  })

  it('are answered when a limit is reached, or something breaks (case 2)', () => {
    const limited = talk()
    limited.say('USER u\r\nPASS p\r\n')
    expect(limited.answer({ kind: 'limited' })).toBe('-ERR [SYS/TEMP] Too many connections\r\n')
    const broken = talk()
    broken.say('USER u\r\nPASS p\r\n')
    expect(broken.answer({ kind: 'internal_error' })).toBe('-ERR internal server error\r\n')
    expect([limited.isClosed, broken.isClosed]).toEqual([true, true])
  })
})

describe('APOP', () => {
  it('shows a digest over the salt of the greeting', () => {
    const client = talk({ methods: ['apop'] })
    client.say('APOP u abc\r\n')
    expect(client.login).toEqual({ method: 'apop', login: 'u', response: 'abc' })
    expect(client.shown?.salt).toBe(testSalt)
  })

  it('must be enabled and have two arguments', () => {
    expect(talk().say('APOP u abc\r\n')).toBe(invalid)
    const client = talk({ methods: ['apop'], errorsMax: 1 })
    expect(client.say('APOP u\r\nAPOP u a b\r\n')).toBe(invalid + invalid)
    expect(client.isClosed).toBe(false)
  })
})

describe('AUTH in POP3', () => {
  it('takes the mechanisms of SASL', () => {
    const client = talk({ methods: ['cram-md5'] })
    expect(client.say('AUTH PLAIN\r\n')).toBe('+ \r\n')
    expect(client.say('*\r\n')).toBe(invalid)
    expect(client.say('AUTH LOGIN dQ==\r\n')).toBe('+ UGFzc3dvcmQ6\r\n')
    client.say('cA==\r\n')
    expect(client.login).toEqual({ method: 'plain', login: 'u', password: 'p' })
    client.refuse('no')
    expect(client.say('AUTH CRAM-MD5\r\n')).toBe(`+ ${base64(testSalt)}\r\n`)
  })

  it('has room for an OAuth token, which in freenginx it has not', () => {
    const client = talk({ methods: ['oauthbearer'] })
    const token = 'x'.repeat(2_500)
    const message = base64(`n,a=u@d,\x01auth=Bearer ${token}\x01\x01`)
    expect(client.say(`AUTH OAUTHBEARER ${message}\r\n`)).toBe('')
    expect(client.login).toEqual({ method: 'oauthbearer', login: 'u@d', token })
  })

  it('is closed in plain text when STLS is the only way, as are USER and APOP', () => {
    const client = talk({ starttls: 'only', methods: ['plain', 'apop'] })
    for (const command of ['USER u', 'APOP u a', 'AUTH', 'AUTH PLAIN']) {
      expect(client.say(`${command}\r\n`)).toBe(invalid)
    }
    expect(client.say('STLS\r\n')).toBe('+OK\r\n')
    expect(client.last.event).toEqual({ kind: 'starttls' })
    expect(client.tlsStarted()).toBe('')
    expect(client.say('USER u\r\n')).toBe('+OK\r\n')
  })

  it('cannot be in TLS twice, nor when STLS is off', () => {
    expect(talk().say('STLS\r\n')).toBe(invalid)
    expect(talk({ starttls: 'on', isTls: true }).say('STLS\r\n')).toBe(invalid)
  })
})
