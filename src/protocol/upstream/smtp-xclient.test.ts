// Expectations for XCLIENT as nginx's mail proxy says it.

import { describe, expect, it } from 'vitest'
import type { Address } from '../../base/address.ts'
import { clientNameText } from '../smtp/client-name.ts'
import { proxyXclient } from './smtp-xclient.ts'

const v6: Address = { family: 6, words: [0x20010db8, 0, 0, 1], text: '2001:db8::1' }
const isEsmtp = true
const name = { kind: 'temporarily_unavailable' } as const

describe('proxyXclient', () => {
  it('marks an IPv6 address and says what the resolver found', () => {
    const options = { mode: 'always', client: { address: v6 }, name } as const
    expect(proxyXclient(options, { isEsmtp })?.toString()).toBe(
      'XCLIENT ADDR=IPV6:2001:db8::1 NAME=[TEMPUNAVAIL]\r\n',
    )
  })

  it('declares the address of a Unix-socket client unavailable', () => {
    const options = { mode: 'always', client: {}, name } as const
    expect(proxyXclient(options, { isEsmtp, login: Buffer.from('u') })?.toString()).toBe(
      'XCLIENT ADDR=[UNAVAILABLE] LOGIN=u NAME=[TEMPUNAVAIL]\r\n',
    )
  })

  it('is none when the upstream is asked first and does not take an address', () => {
    const options = { mode: 'required', client: { address: v6 }, name } as const
    expect(proxyXclient(options, { isEsmtp, offered: ['NAME'] })).toBeUndefined()
    expect(proxyXclient(options, { isEsmtp })).toBeUndefined()
    expect(
      proxyXclient(options, { isEsmtp, login: Buffer.from('u'), offered: ['ADDR'] })?.toString(),
    ).toBe('XCLIENT ADDR=IPV6:2001:db8::1\r\n')
  })

  it('says SMTP of a client that said HELO', () => {
    const options = { mode: 'ifavailable', client: { address: v6, port: 25 }, name } as const
    const offered = ['NAME', 'ADDR', 'PROTO', 'HELO', 'REVERSE_NAME', 'PORT', 'LOGIN']
    const tail = 'NAME=[TEMPUNAVAIL] PORT=25 PROTO='
    for (const [said, proto] of [
      [true, 'ESMTP'],
      [false, 'SMTP'],
    ] as const) {
      expect(proxyXclient(options, { isEsmtp: said, offered })?.toString()).toBe(
        `XCLIENT ADDR=IPV6:2001:db8::1 ${tail}${proto}\r\n`,
      )
    }
  })
})

describe('clientNameText', () => {
  it('is the name, or why there is none', () => {
    expect(clientNameText({ kind: 'known', name: 'mail.example' })).toBe('mail.example')
    expect(clientNameText({ kind: 'known', name: '' })).toBe('[UNAVAILABLE]')
    expect(clientNameText({ kind: 'unavailable' })).toBe('[UNAVAILABLE]')
    expect(clientNameText(name)).toBe('[TEMPUNAVAIL]')
  })
})
