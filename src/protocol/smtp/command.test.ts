// Which lines of a client are which command.

import { describe, expect, it } from 'vitest'
import { parseCommand } from './command.ts'

const table: readonly [string, object][] = [
  ['MAIL FROM:<a@b>\r\n', { kind: 'mail' }],
  ['mail from:<>\n', { kind: 'mail' }],
  [' \t MAIL FROM:<>\r\n', { kind: 'mail' }],
  ['MAILER\r\n', { kind: 'other' }],
  ['RSET\r\n', { kind: 'rset' }],
  ['DATA\r\n', { kind: 'data' }],
  ['AUTH PLAIN AGEAYg==\r\n', { kind: 'auth' }],
  ['StartTLS\r\n', { kind: 'starttls' }],
  ['STARTTLSX\r\n', { kind: 'other' }],
  ['EHLO [192.0.2.1]\r\n', { kind: 'ehlo' }],
  ['HELO a\r\n', { kind: 'helo' }],
  ['RCPT TO:<a@b>\r\n', { kind: 'other' }],
  ['\r\n', { kind: 'other' }],
  ['\0\xff\r\n', { kind: 'other' }],
  ['BDAT 0\r\n', { kind: 'chunk', sizeBytes: 0, isLast: false }],
  ['bdat  1000\tlast \r\n', { kind: 'chunk', sizeBytes: 1000, isLast: true }],
  ['BDAT 999999999999999\r\n', { kind: 'chunk', sizeBytes: 999_999_999_999_999, isLast: false }],
  ['BDAT 9999999999999999\r\n', { kind: 'strange_chunk' }],
  ['BDAT\r\n', { kind: 'strange_chunk' }],
  ['BDAT -1\r\n', { kind: 'strange_chunk' }],
  ['BDAT 1 FIRST\r\n', { kind: 'strange_chunk' }],
  ['BURL imap://a/b LAST\r\n', { kind: 'submit' }],
  ['BURL imap://a/b\r\n', { kind: 'other' }],
]

describe('parseCommand', () => {
  it.each(table)('reads %j', (line, expected) => {
    expect(parseCommand(Buffer.from(line, 'latin1'))).toEqual(expected)
  })
})
