// JSON lines: one object per record, whatever a client sends.

import { describe, expect, it } from 'vitest'
import { jsonFormat } from './json-log.ts'

const format = jsonFormat({ pid: 42, threadId: 0 })

describe('the JSON line', () => {
  it('carries level, time, writer, session and message', () => {
    const line = format('notice', { text: 'client connected', sessionId: 3, client: '::1' }, 0)
    expect(JSON.parse(line)).toEqual({
      level: 'notice',
      time: '1970-01-01T00:00:00.000Z',
      pid: 42,
      thread: 0,
      session: 3,
      client: '::1',
      msg: 'client connected',
    })
  })

  it('writes every level nginx knows', () => {
    for (const level of ['emerg', 'alert', 'crit', 'error', 'warn', 'info', 'debug'] as const) {
      expect(JSON.parse(format(level, { text: 'x' }, 0))).toMatchObject({ level })
    }
  })

  it('stays one line when a user name holds line ends', () => {
    const line = format('error', { text: 'x', login: 'a\r\n{"level":"emerg"}' }, 0)
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(JSON.parse(line)).toMatchObject({ login: 'a\r\n{"level":"emerg"}' })
  })

  it('puts free fields beside the named ones and never over them', () => {
    const line = format('info', { text: 'x', fields: { bytes: 7, level: 'forged' } }, 0)
    expect(JSON.parse(line)).toMatchObject({ bytes: 7, level: 'info', level_field: 'forged' })
  })
})
