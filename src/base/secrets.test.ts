import { describe, expect, it } from 'vitest'
import { coverSecrets } from './secrets.ts'

describe('coverSecrets', () => {
  it.each([
    'cluster redis://:hunter2@10.0.0.5:6379 node=a;',
    'cluster redis:/hunter2@10.0.0.5;',
    'cluster rediis://user:hunter2@10.0.0.5;',
    'Server = ( "valkeys://user:hun/t@er2@10.0.0.5" "redis://hunter2@b" )',
    'no "=" between Server and "redis://:hunter2@10.0.0.5"',
    'cluster redis://a password=hunter2;',
    'cluster redis://a auth=hunter2;',
    '  Password = "hunter2"',
    'requirepass = hunter2',
  ])('covers it in %s, and keeps the length', (line) => {
    const covered = coverSecrets(line)
    expect(covered).not.toMatch(/hun|er2/)
    expect(covered).toHaveLength(line.length)
  })

  it.each([
    'cluster redis://10.0.0.5:6379 password_file=/etc/postern/password;',
    'auth_http http://127.0.0.1:9000/auth;',
    'Auth_HTTP = "http://127.0.0.1:9000/auth"',
    'IMAP_Auth = ( plain )',
    'proxy_pass 127.0.0.1:25; # ask postmaster@example.net',
  ])('leaves %s alone', (line) => {
    expect(coverSecrets(line)).toBe(line)
  })
})
