// Every row of nginx's table of configuration errors, word for word (freenginx 1.2 and 3.1), and
// the order of checks. The golden files in test/golden/nginx show the same with hints and places.

import { describe, expect, it } from 'vitest'
import { memoryReader } from '../memory-reader.ts'
import { readConfiguration } from './read.ts'
import type { ReadResult } from './read.ts'

function read(text: string): ReadResult {
  return readConfiguration({ file: 'a.conf', text, reader: memoryReader(new Map()) })
}

const emergOf = (text: string): string | undefined => read(text).emerg

function inMail(line: string): string {
  return `events { }\nmail {\n${line}\nserver { listen 143; auth_http 127.0.0.1:9000; }\n}`
}

const zone = 'limit_conn_zone $remote_user zone=z:1m;'

describe('limit_conn_zone and limit_conn', () => {
  it.each([
    ['limit_conn_zone $remote_user zone=z;', 'invalid zone size "zone=z"'],
    ['limit_conn_zone $remote_user zone=z:;', 'invalid zone size "zone=z:"'],
    ['limit_conn_zone $remote_user zone=z:abc;', 'invalid zone size "zone=z:abc"'],
    ['limit_conn_zone $remote_user zone=z:1g;', 'invalid zone size "zone=z:1g"'],
    ['limit_conn_zone $remote_user zone=z:-1;', 'invalid zone size "zone=z:-1"'],
    ['limit_conn_zone $remote_user zone=z:31k;', 'zone "zone=z:31k" is too small'],
    ['limit_conn_zone $remote_user zone=:1m;', '"limit_conn_zone" must have "zone" parameter'],
    ['limit_conn_zone $remote_user foo=z:1m;', 'invalid parameter "foo=z:1m"'],
    ['limit_conn_zone $binary_remote_addr zone=z:1m;', 'invalid parameter "$binary_remote_addr"'],
    ['limit_conn_zone $remote_user;', 'invalid number of arguments in "limit_conn_zone" directive'],
    [
      'limit_conn_zone $remote_user zone=z:1m more;',
      'invalid number of arguments in "limit_conn_zone" directive',
    ],
    [`${zone} ${zone}`, 'limit_conn_zone "z" is already bound to key "$remote_user"'],
    [
      `${zone} limit_conn_zone $remote_addr zone=z:1m;`,
      'limit_conn_zone "z" is already bound to key "$remote_user"',
    ],
    [
      `${zone} limit_conn_zone $remote_user zone=z:2m;`,
      'the size 2097152 of shared memory zone "z" conflicts with already declared size 1048576',
    ],
    [
      `ssl_session_cache shared:z:1m; ${zone}`,
      'the shared memory zone "z" is already declared for a different use',
    ],
    [`server { ${zone} }`, '"limit_conn_zone" directive is not allowed here'],
    [`${zone} limit_conn z 1; limit_conn z 2;`, '"limit_conn" directive is duplicate'],
    [`${zone} limit_conn z 0;`, 'invalid number of connections "0"'],
    [`${zone} limit_conn z 1k;`, 'invalid number of connections "1k"'],
    [`${zone} limit_conn z -1;`, 'invalid number of connections "-1"'],
    [`${zone} limit_conn z "";`, 'invalid number of connections ""'],
    [`${zone} limit_conn z 65536;`, 'connection limit must be less 65536'],
    ['limit_conn_log_level crit;', 'invalid value "crit"'],
    [
      'limit_conn_dry_run yes;',
      'invalid value "yes" in "limit_conn_dry_run" directive, it must be "on" or "off"',
    ],
    ['limit_conn_status 503;', '"limit_conn_status" directive is not allowed here'],
    ['limit_con z 1;', 'unknown directive "limit_con"'],
    [
      'limit_conn_dry_run on; limit_conn_dry_run on;',
      '"limit_conn_dry_run" directive is duplicate',
    ],
  ])('%s says what nginx says', (line, expected) => {
    expect(emergOf(inMail(line))).toBe(`${expected} in a.conf:3`)
  })

  it.each([
    ['the key before the size', 'limit_conn_zone $x zone=z:abc;', 'invalid parameter "$x"'],
    [
      'the size before the name',
      'limit_conn_zone $remote_user zone=:1;',
      'zone "zone=:1" is too small',
    ],
    [
      'the size of a second zone before its key',
      `${zone} limit_conn_zone $remote_addr zone=z:2m;`,
      'the size 2097152 of shared memory zone "z" conflicts with already declared size 1048576',
    ],
    [
      'the use of a zone before the number',
      'ssl_session_cache shared:z:1m; limit_conn z 0;',
      'the shared memory zone "z" is already declared for a different use',
    ],
    [
      'a second limit before its number',
      `${zone} limit_conn z 1; limit_conn z 0;`,
      '"limit_conn" directive is duplicate',
    ],
  ])('checks %s', (_what, line, expected) => {
    expect(emergOf(inMail(line))).toBe(`${expected} in a.conf:3`)
  })

  it('may not stand outside mail', () => {
    const expected = '"limit_conn" directive is not allowed here in a.conf:1'
    expect(emergOf('limit_conn z 1; events { }')).toBe(expected)
    expect(emergOf('events { limit_conn z 1; }')).toBe(expected)
  })

  it('may come before its zone', () => {
    expect(emergOf(inMail(`limit_conn z 1; ${zone}`))).toBeUndefined()
  })

  it('may have a zone of exactly 32768 bytes, and its key in quotation marks', () => {
    expect(emergOf(inMail('limit_conn_zone "$remote_user" zone=z:32768;'))).toBeUndefined()
  })

  it('needs a zone that is declared somewhere', () => {
    expect(emergOf(inMail('limit_conn nope 1;'))).toBe(
      'zero size shared memory zone "nope" in a.conf:3',
    )
  })

  it('may limit one zone differently in several servers', () => {
    const server = 'server { listen 110; limit_conn z 2; auth_users u; }'
    expect(emergOf(inMail(`${zone} limit_conn z 1; ${server}`))).toBeUndefined()
  })

  it('is not called missing when its declaration is wrong', () => {
    const { diagnostics } = read(inMail('limit_conn_zone $remote_user zone=z:1; limit_conn z 1;'))
    expect(diagnostics.map(({ code }) => code)).toEqual(['nginx.zone_too_small'])
  })

  it.each([
    '$remote_user',
    '$remote_addr',
    '$remote_net',
    '$remote_domain',
    '$service',
    '$listener',
    '$pathway',
    '$auth_http_x_key',
    '"$remote_user $remote_net"',
    '"$service $auth_http_domain"',
  ])('takes the key %s', (key) => {
    expect(read(inMail(`limit_conn_zone ${key} zone=z:1m;`)).diagnostics).toEqual([])
  })

  it.each(['${remote_user}', '$Remote_User', '$a$b', 'literal', '"$remote_user "', '""'])(
    'refuses the key %s',
    (key) => {
      expect(emergOf(inMail(`limit_conn_zone ${key} zone=z:1m;`))).toMatch(/^invalid parameter/)
    },
  )

  it.each(['$auth_http_', '$auth_http_X-Foo'])('warns about the key %s', (key) => {
    const { diagnostics } = read(inMail(`limit_conn_zone ${key} zone=z:1m;`))
    expect(diagnostics).toMatchObject([{ code: 'nginx.key_never_matches', severity: 'warning' }])
  })
})

describe('the structure of a text', () => {
  it.each([
    ['a;', 'unknown directive "a" in a.conf:1'],
    ['events { }\n}', 'unexpected "}" in a.conf:2'],
    ['events { }\n;', 'unexpected ";" in a.conf:2'],
    ['events { }\n{', 'unexpected "{" in a.conf:2'],
    ['events {\n', 'unexpected end of file, expecting "}" in a.conf:2'],
    ['daemon\non', 'unexpected end of file, expecting ";" or "}" in a.conf:2'],
    ['daemon on\nevents { }', 'directive "daemon" is not terminated by ";" in a.conf:2'],
    ['events\n;', 'directive "events" has no opening "{" in a.conf:2'],
    ['daemon\non\noff\n;', 'invalid number of arguments in "daemon" directive in a.conf:4'],
    ['mail { }', 'no "events" section in configuration'],
    ['', 'no "events" section in configuration'],
    ['events { } mail { server\n{ } }', 'no "listen" is defined for server in a.conf:2'],
    [
      'events { } mail { server\n{ listen 1; proxy_pass 127.0.0.1:1; } }',
      'unknown mail protocol for server in a.conf:2',
    ],
    [
      'events { } mail { server\n{ listen 25; } }',
      'no "auth_http" is defined for server in a.conf:2',
    ],
    ['Events { }', 'unknown directive "Events" in a.conf:1'],
    ['events { } mail { } mail { }', '"mail" directive is duplicate in a.conf:1'],
  ])('%j is answered with nginx words and its line', (text, expected) => {
    expect(emergOf(text)).toBe(expected)
  })

  it('compares words of a list, flags and levels without case', () => {
    const line = 'xclient ON; imap_auth PLAIN; limit_conn_log_level Warn; ssl_protocols tlsv1.3;'
    expect(read(inMail(line)).diagnostics).toEqual([])
  })

  it('goes on at the line that a missing semicolon swallowed', () => {
    const { diagnostics } = read(inMail('timeout 5s\nxclient on\nserver { bogus; }'))
    expect(diagnostics.map(({ message }) => message)).toEqual([
      'directive "timeout" is not terminated by ";"',
      'directive "xclient" is not terminated by ";"',
      'unknown directive "bogus"',
      'no "listen" is defined for server',
    ])
  })

  it('counts errors beyond the first thousand, and stops looking', () => {
    const { diagnostics } = read('bogus;\n'.repeat(5000))
    expect(diagnostics.at(-1)).toMatchObject({ code: 'nginx.too_many_errors' })
    expect(diagnostics.length).toBeLessThan(1010)
  })
})

describe('inherited directives', () => {
  it('count for a server that has none of its own', () => {
    const tls = 'ssl_certificate a; ssl_certificate_key a; starttls on; ssl_client_certificate c;'
    expect(emergOf(inMail(`${tls} ssl_verify_client on;`))).toBeUndefined()
  })

  it('are looked at where they were written', () => {
    expect(emergOf(inMail('starttls only;'))).toBe(
      'no "ssl_certificate" is defined for the "starttls" directive in a.conf:3',
    )
  })
})
