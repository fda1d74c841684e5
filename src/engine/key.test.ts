// Expectations for the key value of a session.

import { describe, expect, it } from 'vitest'
import { addressOfClient } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import { type KeyOptions, parseKey } from '../policy/key.ts'
import { type KeyFacts, type KeyHeader, keyValue } from './key.ts'

const span = { file: 'a.conf', line: 1, column: 1 }

interface Given extends Partial<Omit<KeyFacts, 'address'>> {
  readonly remote?: string
}

function value(key: string, given: Given = {}, options: KeyOptions = {}): string | undefined {
  const parsed = parseKey({ value: key, span }, options).key
  const address = addressOfClient(given.remote ?? '192.0.2.77')
  assert(parsed !== undefined && address !== undefined, 'test input is right')
  const { remote: _, ...facts } = given
  return keyValue(parsed, {
    isUnix: given.remote === 'unix',
    service: 'imap',
    listener: 'imap *:143',
    authHeaders: [],
    ...facts,
    address,
  })
}

const header = (name: string, text: string): KeyHeader => ({ name, value: Buffer.from(text) })

describe('the key value of a session', () => {
  it('is the text of its address', () => {
    expect(value('$remote_addr')).toBe('192.0.2.77')
    expect(value('$remote_addr', { remote: '::1' })).toBe('::1')
    expect(value('$remote_addr', { remote: '::ffff:192.0.2.1' })).toBe('192.0.2.1')
    expect(value('$remote_addr', { remote: 'unix' })).toBe('unix:')
  })

  it('is the network of its address', () => {
    expect(value('$remote_net')).toBe('192.0.2.0/24')
    expect(value('$remote_net', { remote: '2001:db8:1:2:3::4' })).toBe('2001:db8:1:2::/64')
    expect(value('$remote_net', { remote: 'unix' })).toBe('unix:')
    const prefixes = { ipv4PrefixLength: 20, ipv6PrefixLength: 48 }
    expect(value('$remote_net', {}, prefixes)).toBe('192.0.0.0/20')
    expect(value('$remote_net', { remote: '2001:db8:1:2::' }, prefixes)).toBe('2001:db8:1::/48')
  })

  it('is its login, byte for byte (conformance case 6)', () => {
    expect(value('$remote_user', { user: 'U@d ' })).toBe('U@d ')
    expect(value('$remote_user', { user: Buffer.from('jörg@d') })).toBe('jörg@d')
  })

  it('is the domain behind the last @ of its login', () => {
    expect(value('$remote_domain', { user: 'u@a@Example.org' })).toBe('Example.org')
    expect(value('$remote_domain', { user: 'u' })).toBeUndefined()
    expect(value('$remote_domain', { user: 'u@' })).toBeUndefined()
    expect(value('$remote_domain')).toBeUndefined()
  })

  it('is where it came in', () => {
    expect(value('$service')).toBe('imap')
    expect(value('$listener')).toBe('imap *:143')
    expect(value('$pathway', { pathway: 'trusted' })).toBe('trusted')
    expect(value('$pathway')).toBeUndefined()
  })

  it('is not there, and nothing counted, when it is empty (conformance case 10)', () => {
    expect(value('$remote_user')).toBeUndefined()
    expect(value('$remote_user', { user: '' })).toBeUndefined()
    expect(value('$remote_user', { user: new Uint8Array() })).toBeUndefined()
  })
})

describe('the key value from headers of the auth server (conformance case 12)', () => {
  it('joins headers of one name, in any case, in the order they came', () => {
    const two = [header('X-Key', 'a'), header('Other', 'z'), header('x-key', 'b')]
    const one = [header('X-KEY', 'a, b')]
    expect(value('$auth_http_x_key', { authHeaders: two })).toBe('a, b')
    expect(value('$auth_http_x_key', { authHeaders: one })).toBe('a, b')
  })

  it('trims spaces around and keeps those inside', () => {
    expect(value('$auth_http_x_key', { authHeaders: [header('X-Key', '  sp  inner ')] })).toBe(
      'sp  inner',
    )
  })

  it('is not there when the header is missing, empty or only longer', () => {
    for (const authHeaders of [[], [header('X-Key', ' ')], [header('X-Key-2', 'a')]]) {
      expect(value('$auth_http_x_key', { authHeaders })).toBeUndefined()
    }
  })

  it('never matches a variable that no header can match', () => {
    const authHeaders = [header('X-Key', 'a')]
    expect(value('$auth_http_X-Key', { authHeaders })).toBeUndefined()
    expect(value('$auth_http_', { authHeaders })).toBeUndefined()
  })
})

describe('the key value of a combination', () => {
  it('has the values one behind the other', () => {
    expect(value('$remote_user $remote_net', { user: 'u@d' })).toBe('u@d 192.0.2.0/24')
  })

  it('is not there when one of them is empty', () => {
    expect(value('$remote_user $remote_net')).toBeUndefined()
    expect(value('$service $pathway')).toBeUndefined()
  })

  it('differs whenever one of the values does, spaces and backslashes or not', () => {
    const letters = ['a', ' ', '\\']
    const twos = letters.flatMap((first) => letters.map((second) => first + second))
    const threes = twos.flatMap((two) => letters.map((third) => two + third))
    const texts = [...letters, ...twos, ...threes]
    const values = texts.flatMap((pathway) =>
      texts.map((user) => value('$pathway $remote_user', { pathway, user })),
    )
    expect(new Set(values).size).toBe(texts.length ** 2)
  })
})

describe('a key value that cannot be used as it is (S15)', () => {
  const digest = /^sha256:[A-Za-z0-9_-]{43}$/

  it('of more than 255 bytes is counted under its digest', () => {
    expect(value('$remote_user', { user: 'k'.repeat(255) })).toBe('k'.repeat(255))
    const long = value('$remote_user', { user: 'k'.repeat(256) })
    expect(long).toMatch(digest)
    expect(value('$remote_user', { user: 'k'.repeat(256) })).toBe(long)
    expect(value('$remote_user', { user: 'k'.repeat(257) })).not.toBe(long)
    expect(value('$remote_user', { user: 'ö'.repeat(128) })).toMatch(digest)
  })

  it('is the SHA-256 of the value', () => {
    // What `printf 'k%.0s' $(seq 256) | openssl dgst -sha256 -binary | basenc --base64url` prints.
    expect(value('$remote_user', { user: 'k'.repeat(256) })).toBe(
      'sha256:zhb-eCCKTpP3FY5iOTaA4CWyrVhPTodc6QOmVLt0z5M',
    )
  })

  it('that is not UTF-8 does not meet another one', () => {
    const first = value('$remote_user', { user: Buffer.from([0x75, 0xff]) })
    const second = value('$remote_user', { user: Buffer.from([0x75, 0xfe]) })
    expect(first).toMatch(digest)
    expect(second).toMatch(digest)
    expect(second).not.toBe(first)
  })

  it('digest forgery: a login spelled like a digest does not share its state', () => {
    const long = value('$remote_user', { user: 'k'.repeat(256) }) ?? ''
    const forged = value('$remote_user', { user: long })
    expect(forged).toMatch(digest)
    expect(forged).not.toBe(long)
    expect(value('$remote_user', { user: long.toUpperCase() }, { foldsCase: true })).toMatch(digest)
  })
})

describe('a zone that folds case', () => {
  const fold = { foldsCase: true }
  const same = (left: string | Uint8Array, right: string | Uint8Array): boolean =>
    value('$remote_user', { user: left }, fold) === value('$remote_user', { user: right }, fold)

  it('takes upper and lower case for one, in long values as well', () => {
    expect(value('$remote_user', { user: 'U@Example' }, fold)).toBe('u@example')
    expect(same('JÖRG', 'jörg')).toBe(true)
    expect(same('ΣΑΣ', 'σας')).toBe(true)
    expect(same('K'.repeat(300), 'k'.repeat(300))).toBe(true)
    expect(same(Buffer.from([0x55, 0xff]), Buffer.from([0x75, 0xff]))).toBe(true)
  })

  it('keeps different logins apart', () => {
    expect(same('a', 'b')).toBe(false)
    expect(same('[', '{')).toBe(false)
    expect(same(Buffer.from([0x5b, 0xff]), Buffer.from([0x7b, 0xff]))).toBe(false)
  })
})
