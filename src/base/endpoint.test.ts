// Listen names and upstream addresses: what they become, and what an operator is told.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseEndpoint, parseHostPort } from './endpoint.ts'

function listen(text: string): unknown {
  const result = parseEndpoint(text)
  return 'problem' in result ? result.problem : result.endpoint
}

function upstream(text: string): unknown {
  const result = parseHostPort(text)
  return 'problem' in result ? result.problem : result.address
}

describe('parseEndpoint', () => {
  it.each([
    [':25', '*', 25, '*:25'],
    ['*:25', '*', 25, '*:25'],
    ['127.0.0.1:25', '127.0.0.1', 25, '127.0.0.1:25'],
    ['0.0.0.0:0', '0.0.0.0', 0, '0.0.0.0:0'],
    ['[*]:25', '::', 25, '[::]:25'],
    ['[::]:25', '::', 25, '[::]:25'],
    ['[FD82:0:0::1]:587', 'fd82::1', 587, '[fd82::1]:587'],
    ['[::192.168.0.1]:25', '::c0a8:1', 25, '[::c0a8:1]:25'],
    ['[::ffff:127.0.0.1]:65535', '127.0.0.1', 65_535, '127.0.0.1:65535'],
    ['[fe80::1%eth0]:25', 'fe80::1%eth0', 25, '[fe80::1%eth0]:25'],
  ])('parses %s', (written, host, port, text) => {
    expect(listen(written)).toEqual({ kind: 'tcp', host, port, text })
    expect(listen(text)).toEqual({ kind: 'tcp', host, port, text })
  })

  it('parses the path of a Unix socket', () => {
    expect(listen('/tmp/2025')).toEqual({ kind: 'unix', path: '/tmp/2025', text: '/tmp/2025' })
    expect(listen(`/${'x'.repeat(106)}`)).toMatchObject({ kind: 'unix' })
    expect(listen(`/${'é'.repeat(60)}`)).toContain('at most 107 bytes; this one has 121')
    expect(listen('/tmp/a\0b')).toContain('NUL')
  })

  it.each([
    ['', 'is empty'],
    ['25', 'write ":25"'],
    ['127.0.0.1', 'write it after a colon, as in "127.0.0.1:25"'],
    ['127.0.0.1:', 'The port after the colon is missing'],
    ['127.0.0.1:65536', 'a number from 0 to 65535'],
    ['127.0.0.1:025', '"025" is not a port'],
    ['127.0.0.1:smtp', '"smtp" is not a port'],
    ['127.0.0.256:25', '"127.0.0.256" is not an IP address'],
    ['localhost:25', '"localhost" is not an IP address'],
    ['fd82::1:587', 'write "[fd82::1]:587"'],
    ['fd82::abcd', 'write "[fd82::abcd]:25"'],
    ['::1', 'write "[::1]:25"'],
    ['a:b:c', 'more than one colon'],
    ['[::1', 'is not closed'],
    ['[::1]', 'as in "[::1]:25"'],
    ['[::1]25', 'a colon and a port must follow'],
    ['[127.0.0.1]:25', 'write the IPv4 address "127.0.0.1" without'],
    ['[]:25', 'is not an IPv6 address'],
    ['[::g]:25', '"::g" is not an IPv6 address'],
  ])('says what would be right instead of %s', (text, expected) => {
    expect(listen(text)).toContain(expected)
    expect(listen(text)).toMatch(/^["A-Z].*\.$/)
  })

  it('never throws, and its canonical text parses to itself', () => {
    const text = fc.string({ unit: fc.constantFrom(...'[]:*./%0125afx'.split('')), maxLength: 24 })
    const property = fc.property(fc.oneof(text, fc.string()), (written) => {
      const result = parseEndpoint(written)
      if ('problem' in result) expect(result.problem).toMatch(/\.$/)
      else expect(parseEndpoint(result.endpoint.text)).toEqual(result)
    })
    fc.assert(property, { numRuns: 5_000 })
  })
})

describe('parseHostPort', () => {
  it.each([
    ['mail.example:25', 'mail.example', 25],
    ['MX_1.Example.:25', 'mx_1.example.', 25],
    ['localhost:2525', 'localhost', 2525],
    ['127.0.0.1:25', '127.0.0.1', 25],
    ['[::1]:25', '::1', 25],
    ['[fe80::1%eth0]:25', 'fe80::1%eth0', 25],
    ['[::ffff:10.0.0.1]:25', '10.0.0.1', 25],
    [`${'a'.repeat(63)}.example:25`, `${'a'.repeat(63)}.example`, 25],
  ])('parses %s', (text, host, port) => {
    expect(upstream(text)).toEqual({ kind: 'tcp', host, port })
  })

  it('parses Unix sockets, with or without unix: in front', () => {
    expect(upstream('/run/mail.sock')).toEqual({ kind: 'unix', path: '/run/mail.sock' })
    expect(upstream('unix:/run/mail.sock')).toEqual({ kind: 'unix', path: '/run/mail.sock' })
    expect(upstream('unix:run/mail.sock')).toEqual({ kind: 'unix', path: 'run/mail.sock' })
  })

  it.each([
    ['', 'is empty'],
    ['mail.example', 'as in "mail.example:25"'],
    [':25', 'The host before the colon is missing'],
    ['mail.example:0', 'a number from 1 to 65535'],
    ['mail.example:', 'The port after the colon is missing'],
    ['10.0.0.256:25', '"10.0.0.256" is neither'],
    ['10.0.0:25', '"10.0.0" is neither'],
    ['-mail.example:25', 'is neither an IP address nor a host name'],
    ['mail..example:25', 'is neither'],
    ['mail example:25', 'is neither'],
    [`${'a'.repeat(64)}:25`, 'is neither'],
    [`${'a.'.repeat(130)}a:25`, 'is neither'],
    ['::1:25', 'write "[::1]:25"'],
    ['[mail.example]:25', 'only those stand in brackets'],
    ['[10.0.0.1]:25', 'write the IPv4 address "10.0.0.1" without'],
    ['unix:', 'The path of the Unix socket is missing'],
  ])('says what would be right instead of %s', (text, expected) => {
    expect(upstream(text)).toContain(expected)
  })
})
