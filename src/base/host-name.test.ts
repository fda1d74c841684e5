import { describe, expect, it } from 'vitest'
import { parseAddress } from './address.ts'
import { isHostName, reverseName } from './host-name.ts'

describe('isHostName', () => {
  it.each(['mail.example', 'a', 'A-b_c.D9.example', '9.example', `${'a.'.repeat(126)}b`])(
    'takes %s',
    (name) => expect(isHostName(name)).toBe(true),
  )

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'evil\r\nAuth-User: root.example',
    'evil\\013.example',
    'a\\.b.example',
    'a\0.example',
    'ä.example',
    '[UNAVAILABLE]',
    '10.0.0.1',
    '::1',
    'a%20b',
    'a=b',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}b`,
  ])('does not take %j', (name) => expect(isHostName(name)).toBe(false))
})

describe('reverseName', () => {
  it.each([
    ['192.0.2.7', '7.2.0.192.in-addr.arpa'],
    ['255.1.2.254', '254.2.1.255.in-addr.arpa'],
    ['2001:db8::abcd', 'd.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'],
  ])('of %s is %s', (text, name) => {
    const address = parseAddress(text)
    expect(address && reverseName(address)).toBe(name)
  })
})
