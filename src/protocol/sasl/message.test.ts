// The messages of the mechanisms, right ones and wrong ones.

import { describe, expect, it } from 'vitest'
import type { SaslMechanism } from './auth-method.ts'
import { readMessage } from './message.ts'

type SingleStep = Exclude<SaslMechanism, 'LOGIN'>

/** The fields joined by `|`, or what freenginx's log calls wrong. */
function read(mechanism: SingleStep, text: string): string {
  const reading = readMessage(mechanism, Buffer.from(text, 'latin1'))
  if (reading.kind === 'wrong') return `wrong ${reading.wrong}`
  return Object.values(reading.credentials)
    .map((value) => (typeof value === 'string' ? value : value.toString('latin1')))
    .join('|')
}

describe('PLAIN', () => {
  it('has a login and a password behind an identity that is not looked at', () => {
    expect(read('PLAIN', '\0u@d\0pass word')).toBe('plain|u@d|pass word')
    expect(read('PLAIN', 'boss\0u\0p')).toBe('plain|u|p')
  })

  it('may have an empty password, and a NUL in it', () => {
    expect(read('PLAIN', '\0u\0')).toBe('plain|u|')
    expect(read('PLAIN', '\0u\0p\0q')).toBe('plain|u|p\0q')
  })

  it('is wrong without login or password', () => {
    expect(['', 'u', 'u\0'].map((text) => read('PLAIN', text))).toEqual(
      ['login', 'login', 'login'].map((part) => `wrong ${part}`),
    )
    expect(read('PLAIN', '\0u')).toBe('wrong password')
  })
})

describe('CRAM-MD5', () => {
  it('has a login and 32 digits', () => {
    expect(read('CRAM-MD5', `u@d ${'a'.repeat(32)}`)).toBe(`cram-md5|u@d|${'a'.repeat(32)}`)
  })

  it('is wrong with any other length, which a space in the login makes too', () => {
    const texts = ['', 'u', `u ${'a'.repeat(31)}`, `u ${'a'.repeat(33)}`, `u v ${'a'.repeat(32)}`]
    expect(new Set(texts.map((text) => read('CRAM-MD5', text)))).toEqual(
      new Set(['wrong CRAM-MD5 hash']),
    )
    expect(read('CRAM-MD5', 'a'.repeat(32))).toBe('wrong CRAM-MD5 hash')
  })
})

describe('EXTERNAL', () => {
  it('is a login and nothing else', () => {
    expect(read('EXTERNAL', 'u@d')).toBe('external|u@d')
  })
})

describe('XOAUTH2', () => {
  it('has a login and a token, its keys in any case', () => {
    expect(read('XOAUTH2', 'user=u@d\x01auth=Bearer tok\x01\x01')).toBe('xoauth2|u@d|tok')
    expect(read('XOAUTH2', 'USER=u\x01AUTH=bearer t\x01\x01')).toBe('xoauth2|u|t')
  })

  it('is wrong without its login', () => {
    const texts = ['', 'user=u', 'usr=u\x01auth=Bearer t\x01\x01', '\x01auth=Bearer t\x01\x01']
    expect(new Set(texts.map((text) => read('XOAUTH2', text)))).toEqual(new Set(['wrong login']))
  })

  it('is wrong without its token or the end of it', () => {
    const ends = [
      '',
      'auth=Basic t\x01\x01',
      'auth=Bearer ',
      'auth=Bearer t\x01',
      'auth=Bearer \x01',
    ]
    const readings = ends.map((end) => read('XOAUTH2', `user=u\x01${end}`))
    expect(new Set(readings)).toEqual(new Set(['wrong token']))
  })
})

describe('OAUTHBEARER', () => {
  it('has a login in its header and a token among its pairs', () => {
    const message = 'n,a=u@d,\x01host=mx\x01port=143\x01auth=Bearer tok\x01\x01'
    expect(read('OAUTHBEARER', message)).toBe('oauthbearer|u@d|tok')
  })

  it('decodes commas and equals signs in the login', () => {
    const message = 'n,a=a=2Cb=3dc=2c,\x01auth=Bearer t\x01\x01'
    expect(read('OAUTHBEARER', message)).toBe('oauthbearer|a,b=c,|t')
  })

  it('is wrong with any other equals sign in the login', () => {
    const logins = ['a=', 'a=2', 'a=41', '=2D']
    const readings = logins.map((login) =>
      read('OAUTHBEARER', `n,a=${login},\x01auth=Bearer t\x01\x01`),
    )
    expect(new Set(readings)).toEqual(new Set(['wrong login']))
  })

  it('is wrong without its login', () => {
    const headers = ['', 'n,,', 'n,a=,', 'n,a=u', 'a=u,', 'n,b=u,']
    const readings = headers.map((header) =>
      read('OAUTHBEARER', `${header}\x01auth=Bearer t\x01\x01`),
    )
    expect(new Set(readings)).toEqual(new Set(['wrong login']))
  })

  it('is wrong without its token or the end of it', () => {
    const ends = [
      '',
      '\x01',
      '\x01auth=Bearer t',
      '\x01auth=Bearer \x01\x01',
      '\x01auth=Basic t\x01\x01',
    ]
    const readings = ends.map((end) => read('OAUTHBEARER', `n,a=u,${end}`))
    expect(new Set(readings)).toEqual(new Set(['wrong token']))
  })
})
