// XCLIENT as Postfix reads it.

import { describe, expect, it } from 'vitest'
import type { Address } from '../../base/address.ts'
import { xclientCommand, xtext } from './xclient.ts'

const v4: Address = { family: 4, words: [0xc0000201], text: '192.0.2.1' }
const v6: Address = { family: 6, words: [0x20010db8, 0, 0, 1], text: '2001:db8::1' }
const all = ['NAME', 'ADDR', 'PROTO', 'HELO', 'PORT', 'LOGIN', 'DESTADDR']

describe('xclientCommand', () => {
  it('sends the attributes it knows that the upstream lists', () => {
    expect(xclientCommand(all, { address: v4, port: 4711 })?.toString()).toBe(
      'XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.1 PORT=4711 PROTO=ESMTP\r\n',
    )
    expect(xclientCommand(['ADDR', 'PROTO'], { address: v4, port: 4711 })?.toString()).toBe(
      'XCLIENT ADDR=192.0.2.1 PROTO=ESMTP\r\n',
    )
  })

  it('marks an IPv6 address', () => {
    expect(xclientCommand(['ADDR'], { address: v6 })?.toString()).toBe(
      'XCLIENT ADDR=IPV6:2001:db8::1\r\n',
    )
  })

  it('says unavailable for what is not known', () => {
    expect(xclientCommand(['ADDR', 'PORT'], {})?.toString()).toBe(
      'XCLIENT ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE]\r\n',
    )
  })

  it('is none when the upstream does not take an address', () => {
    expect(xclientCommand(['NAME', 'PROTO'], { address: v4 })).toBeUndefined()
    expect(xclientCommand([], { address: v4 })).toBeUndefined()
  })
})

describe('xtext', () => {
  it('encodes everything but printable ASCII, and the two signs it uses itself', () => {
    expect(xtext('[a]:b-~!')).toBe('[a]:b-~!')
    expect(xtext('a+b=c d\r\n\x7fä')).toBe('a+2Bb+3Dc+20d+0D+0A+7F+C3+A4')
    expect(xtext(Buffer.from([0x61, 0xff]))).toBe('a+FF')
  })
})
