// nginx's line format, and that nothing from outside can break out of a line.

import { describe, expect, it } from 'vitest'
import { lineLengthMax, nginxFormat, printable } from './log-format.ts'

const format = nginxFormat({ pid: 12960, threadId: 0 })
const wallMs = new Date(2026, 10, 2, 3, 4, 5).getTime()

describe('the nginx line', () => {
  it('carries local time, level, writer and text', () => {
    expect(format('notice', { text: 'start' }, wallMs)).toBe(
      '2026/11/02 03:04:05 [notice] 12960#0: start\n',
    )
  })

  it('puts session, client, server, login and upstream in their order', () => {
    const entry = {
      text: 'client connected',
      sessionId: 7,
      client: '10.1.2.3:4711',
      server: '*:25',
      login: 'ann',
      upstream: '127.0.0.1:2526',
    }
    expect(format('info', entry, wallMs)).toBe(
      '2026/11/02 03:04:05 [info] 12960#0: *7 client connected, client: 10.1.2.3:4711, ' +
        'server: *:25, login: "ann", upstream: 127.0.0.1:2526\n',
    )
  })

  it('never lets a client begin a second line', () => {
    const line = format('error', { text: 'x', login: 'a\r\n2026/01/01 [emerg] forged' }, wallMs)
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(line).toContain(String.raw`login: "a\x0D\x0A2026/01/01 [emerg] forged"`)
  })

  it('never lets a user name end its own quotes', () => {
    const line = format('error', { text: 'x', login: 'a", client: 1.2.3.4' }, wallMs)
    expect(line).toContain(String.raw`login: "a\", client: 1.2.3.4"`)
  })

  it('cuts a line at the length nginx cuts it', () => {
    const line = format('error', { text: 'x'.repeat(5000) }, wallMs)
    expect(line).toHaveLength(lineLengthMax)
    expect(line.endsWith('...\n')).toBe(true)
  })

  it('follows the clock from second to second', () => {
    expect(format('info', { text: 'x' }, wallMs + 999)).toContain('03:04:05')
    expect(format('info', { text: 'x' }, wallMs + 1000)).toContain('03:04:06')
  })
})

describe('printable', () => {
  it('escapes control bytes, DEL, C1 and Unicode line ends', () => {
    expect(printable('a\u0000b\u001b[31mc\u007fd\u009be\u2028', 100)).toBe(
      String.raw`a\x00b\x1b[31mc\x7fd\x9be\u2028`,
    )
  })

  it('leaves ordinary text alone, umlauts included', () => {
    expect(printable('Grüße', 100)).toBe('Grüße')
  })
})
