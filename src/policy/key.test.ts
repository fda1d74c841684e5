// Expectations for parsing the key of a zone.

import { describe, expect, it } from 'vitest'
import { parseKey, parseNetPrefixes } from './key.ts'

const span = { file: 'a.conf', line: 3, column: 17, endColumn: 29 }
const key = (value: string): ReturnType<typeof parseKey> => parseKey({ value, span })

describe('the key of a zone', () => {
  it('is one of the variables of a mail session', () => {
    for (const kind of [
      'remote_addr',
      'remote_user',
      'remote_net',
      'remote_domain',
      'service',
      'listener',
      'pathway',
    ]) {
      expect(key(`$${kind}`)).toMatchObject({ key: { variables: [{ kind }] }, diagnostics: [] })
    }
    expect(key('$auth_http_x_key').key?.variables).toEqual([{ kind: 'auth_http', name: 'x_key' }])
  })

  it('may be several of them between spaces', () => {
    const parsed = key(' $remote_user   $remote_net ').key
    expect(parsed?.text).toBe('$remote_user $remote_net')
    expect(parsed?.variables).toEqual([{ kind: 'remote_user' }, { kind: 'remote_net' }])
  })

  it('is case-sensitive and counts networks of /24 and /64 unless told otherwise', () => {
    expect(key('$remote_net').key).toMatchObject({
      foldsCase: false,
      ipv4PrefixLength: 24,
      ipv6PrefixLength: 64,
    })
    const options = { foldsCase: true, ipv4PrefixLength: 20 }
    expect(parseKey({ value: '$remote_net', span }, options).key).toMatchObject({
      foldsCase: true,
      ipv4PrefixLength: 20,
      ipv6PrefixLength: 64,
    })
  })

  it('survives JSON', () => {
    const parsed = key('$remote_user $auth_http_a').key
    expect(JSON.parse(JSON.stringify(parsed))).toEqual(parsed)
  })

  it.each([
    ['${remote_user}', 'did you mean "$remote_user"?'],
    ['$Remote_User', 'did you mean "$remote_user"?'],
    ['$binary_remote_addr', 'did you mean "$remote_addr"?'],
    ['remote_addr', 'did you mean "$remote_addr"?'],
    ['$server_name', 'did you mean "$listener"?'],
  ])('is not %s, and says what it should be', (value, hint) => {
    expect(key(value)).toEqual({
      diagnostics: [
        {
          severity: 'error',
          code: 'policy.bad_key',
          message: `invalid parameter "${value}"`,
          span,
          hint,
        },
      ],
    })
  })

  it('has no text between variables, and not no variable, and not endless ones', () => {
    for (const value of ['$remote_user$remote_addr', '$remote_user:$remote_addr', 'x', '', ' ']) {
      expect(key(value).key).toBeUndefined()
      expect(key(value).diagnostics[0]?.message).toBe(`invalid parameter "${value}"`)
    }
    expect(key('$service '.repeat(8)).key?.variables).toHaveLength(8)
    expect(key('$service '.repeat(9)).key).toBeUndefined()
  })

  it('reports every wrong variable at its place', () => {
    const value = '$remote_user $x $y'
    const quoted = { file: 'a.conf', line: 3, column: 17, endColumn: 17 + value.length + 2 }
    const spans = parseKey({ value, span: quoted }).diagnostics.map((found) => found.span)
    expect(spans).toEqual([
      { ...quoted, column: 31, endColumn: 33 },
      { ...quoted, column: 34, endColumn: 36 },
    ])
    const escaped = { ...quoted, endColumn: quoted.endColumn + 1 }
    expect(parseKey({ value, span: escaped }).diagnostics[0]?.span).toEqual(escaped)
  })

  it('warns of a header that cannot come, as freenginx would take it', () => {
    const parsed = key('$auth_http_X-Key')
    expect(parsed.key?.variables).toEqual([{ kind: 'auth_http', name: 'X-Key' }])
    expect(parsed.diagnostics).toMatchObject([
      {
        severity: 'warning',
        code: 'policy.key_never_matches',
        hint: 'did you mean "$auth_http_x_key"?',
      },
    ])
    expect(key('$auth_http_').diagnostics[0]?.severity).toBe('warning')
    expect(key('$auth_http_').key).toBeDefined()
  })
})

describe('the prefix lengths of a network', () => {
  it('are two numbers in their ranges', () => {
    expect(parseNetPrefixes('20/56')).toEqual({ ipv4PrefixLength: 20, ipv6PrefixLength: 56 })
    expect(parseNetPrefixes('32/128')).toBeDefined()
    for (const text of ['0/64', '24/0', '33/64', '24/129', '24', '24/64/1', '/', 'a/b', '']) {
      expect(parseNetPrefixes(text)).toBeUndefined()
    }
  })
})
