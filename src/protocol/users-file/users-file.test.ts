// Expectations for a file of users.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { usersFileCodes } from './codes.ts'
import { parseUsersFile, usersFileMaxLength, usersLineMaxLength } from './users-file.ts'

const bcrypt = `$2b$12$${'a'.repeat(53)}`
const codes = (text: string): string[] =>
  parseUsersFile(text, 'users').diagnostics.map((found) => found.code)

describe('a file of users', () => {
  it('has a user, a hash and an upstream a line', () => {
    const { users, diagnostics } = parseUsersFile(`u@d:${bcrypt}:127.0.0.1:143\n`, 'users')
    expect(diagnostics).toEqual([])
    expect([...users.values()]).toEqual([
      {
        user: 'u@d',
        hash: { scheme: 'bcrypt', text: bcrypt, cost: 12 },
        upstream: { kind: 'tcp', host: '127.0.0.1', port: 143 },
        span: { file: 'users', line: 1, column: 1, endColumn: 4 },
      },
    ])
  })

  it('takes every way to write an upstream, and none', () => {
    const upstreams = ['[::1]:143', 'mail.example:993', '/run/imap.sock', 'unix:/run/x', '', null]
    const text = upstreams
      .map((upstream, at) => `u${at}:${bcrypt}${upstream === null ? '' : `:${upstream}`}`)
      .join('\n')
    const { users, diagnostics } = parseUsersFile(text, 'users')
    expect(diagnostics).toEqual([])
    expect([...users.values()].map((entry) => entry.upstream)).toEqual([
      { kind: 'tcp', host: '::1', port: 143 },
      { kind: 'tcp', host: 'mail.example', port: 993 },
      { kind: 'unix', path: '/run/imap.sock' },
      { kind: 'unix', path: '/run/x' },
      undefined,
      undefined,
    ])
  })

  it('may have comments, empty lines, a byte-order mark and line ends of Windows', () => {
    const text = `\uFEFF# users\r\n\r\na b:${bcrypt}\r\n#x:y:z\r\njörg:${bcrypt}`
    const { users, diagnostics } = parseUsersFile(text, 'users')
    expect(diagnostics).toEqual([])
    expect([...users.keys()]).toEqual(['a b', 'jörg'])
    expect(users.get('jörg')?.span.line).toBe(5)
  })

  it('points at what is wrong, and keeps the other users', () => {
    const text = `ok:${bcrypt}\nu:nohash\nu:${bcrypt}:127.0.0.1\nok:${bcrypt}`
    const { users, diagnostics } = parseUsersFile(text, 'users')
    expect([...users.keys()]).toEqual(['ok'])
    expect(diagnostics.map(({ code, span }) => [code, span])).toEqual([
      ['users.unknown_scheme', { file: 'users', line: 2, column: 3, endColumn: 9 }],
      ['users.bad_upstream', { file: 'users', line: 3, column: 64, endColumn: 73 }],
      ['users.duplicate', { file: 'users', line: 4, column: 1, endColumn: 3 }],
    ])
    expect(diagnostics[2]?.message).toBe('user "ok" stands in line 1 already')
  })

  it.each([
    ['justaword', 'users.bad_line'],
    [`:${bcrypt}`, 'users.bad_name'],
    [` u:${bcrypt}`, 'users.bad_name'],
    [`u\0:${bcrypt}`, 'users.bad_name'],
    [`${'u'.repeat(256)}:${bcrypt}`, 'users.bad_name'],
    [`u:${bcrypt}:host`, 'users.bad_upstream'],
    ['x'.repeat(usersLineMaxLength + 1), 'users.line_too_long'],
  ])('does not take the line %j', (line, code) => {
    expect(codes(line)).toEqual([code])
  })

  it('is bounded in length and in what it reports', () => {
    expect(codes('x'.repeat(usersFileMaxLength + 1))).toEqual(['users.too_large'])
    const many = parseUsersFile('x\n'.repeat(250), 'users').diagnostics
    expect(many).toHaveLength(101)
    expect(many.at(-1)).toMatchObject({
      code: 'users.too_many_errors',
      message: '150 more errors are not shown',
    })
  })

  it('password in the place of the hash: is not repeated in a diagnostic', () => {
    for (const secret of [
      'hunter2secret',
      'a:hunter2',
      '$2b$12$hunter2secret',
      '$argon2id$hunter2secret',
    ]) {
      const { diagnostics } = parseUsersFile(`u:${secret}`, 'users')
      expect(diagnostics).toHaveLength(1)
      expect(JSON.stringify(diagnostics)).not.toContain('hunter2')
    }
  })

  it('never throws, whatever the text, and every code is in the table', () => {
    const piece = fc.oneof(
      fc.constantFrom('u', ':', '\n', '\r', '#', bcrypt, '$scrypt$ln=1', '[::1]:1', '\0', ' '),
      fc.string({ unit: 'binary', maxLength: 5 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        for (const code of codes(pieces.join(''))) expect(usersFileCodes).toHaveProperty([code])
      }),
      { numRuns: 2_000 },
    )
  })
})
