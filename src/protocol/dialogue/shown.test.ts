// What a log shows of a client's words.

import { describe, expect, it } from 'vitest'
import { shownMaxLength } from './bounds.ts'
import { shownEarlyTalk, shownLine } from './shown.ts'

describe('a command in the log', () => {
  it('shows its line end as underscores, as freenginx does', () => {
    expect(shownLine(Buffer.from('MAIL FROM:<a@b>\r\n'))).toBe('MAIL FROM:<a@b>__')
  })

  it('is printable and bounded', () => {
    expect(shownLine(Buffer.from('MAIL "\x00\n'))).toBe('MAIL \\"\\x00_')
    expect(shownLine(Buffer.alloc(5_000, 'x'))).toHaveLength(shownMaxLength)
  })
})

describe('early talk in the log', () => {
  it('is its first line only', () => {
    expect(shownEarlyTalk(Buffer.from('EHLO x\r\nAUTH PLAIN c2VjcmV0\r\n'))).toBe('EHLO x__')
    expect(shownEarlyTalk(Buffer.from('EHL'))).toBe('EHL')
  })

  it('is not shown when it speaks of logging in', () => {
    const lines = ['AUTH PLAIN c2VjcmV0\r\n', 'a login u secret', 'PASS secret\n']
    expect(lines.map((line) => shownEarlyTalk(Buffer.from(line)))).toEqual(['...', '...', '...'])
  })
})
