// The error log as JSON, one object per line, written by pino so that log shippers know its shape.

import { pino } from 'pino'
import type { LogEntry, LogLevelName } from '../base/log.ts'
import type { LineFormat, LogIdentity } from './log-format.ts'

/** nginx's levels as pino's numbers: pino's own where the name is the same severity. */
const levelNumbers: Readonly<Record<LogLevelName, number>> = {
  emerg: 80,
  alert: 70,
  crit: 60,
  error: 50,
  warn: 40,
  notice: 35,
  info: 30,
  debug: 20,
}

/**
 * Formats records as JSON lines. `fields` of a record stand beside the named ones, never over them.
 */
export function jsonFormat(identity: LogIdentity): LineFormat {
  let line = ''
  let time = ''
  const logger = pino(
    {
      level: 'debug',
      customLevels: levelNumbers,
      useOnlyCustomLevels: true,
      base: { pid: identity.pid, thread: identity.threadId },
      timestamp: () => time,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (text: string) => {
        line = text
      },
    },
  )
  return (level, entry, wallMs) => {
    time = `,"time":"${new Date(wallMs).toISOString()}"`
    // pino calls write before it returns, so `line` is this record's.
    logger[level](namedFields(entry), entry.text)
    return line
  }
}

/** Names that pino or we write; a free field of the same name would make the object ambiguous. */
const reserved: ReadonlySet<string> = new Set([
  'level',
  'time',
  'pid',
  'thread',
  'msg',
  'session',
  'client',
  'starttls',
  'server',
  'login',
  'upstream',
])

function namedFields(entry: LogEntry): Record<string, string | number | boolean> {
  const named: Record<string, string | number | boolean> = {}
  if (entry.sessionId !== undefined) named['session'] = entry.sessionId
  if (entry.client !== undefined) named['client'] = entry.client
  if (entry.usesStarttls === true) named['starttls'] = true
  if (entry.server !== undefined) named['server'] = entry.server
  if (entry.login !== undefined) named['login'] = entry.login
  if (entry.upstream !== undefined) named['upstream'] = entry.upstream
  for (const [name, value] of Object.entries(entry.fields ?? {})) {
    named[reserved.has(name) ? `${name}_field` : name] = value
  }
  return named
}
