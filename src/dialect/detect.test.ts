// The dialect is found from the text alone.

import { expect, it } from 'vitest'
import { detectDialect, loadConfiguration } from './detect.ts'
import { memoryReader } from './memory-reader.ts'

const nameOf = (text: string): string => detectDialect(text).name

it.each([
  ['a listener', 'ESMTP_Listener { Listen ":25" {} }'],
  ['a listener with nginx habits', 'esmtp_listener {\n  Service_Sessions = 5;\n}'],
  ['global options', 'PIDFile = "x.pid"\nWorkers = 1'],
  ['a slip of the semicolon', 'PIDFile = "x.pid";'],
  ['nothing', ''],
  ['comments that mention nginx', '# mail {\n#   listen 25;\n'],
  ['an include', 'include "other.conf"'],
  ['a semicolon in a string', 'listen ":25" { context = [ a = "b; c" ] }'],
])('takes %s for Momentum', (_what, text) => {
  expect(nameOf(text)).toBe('momentum')
})

it.each([
  ['a mail block', 'mail {\n  server {\n    listen 25;\n  }\n}'],
  ['a mail block with its brace below', 'mail\n{\n}'],
  ['a global directive', 'worker_processes auto;'],
  ['an events block', 'events { }'],
  ['a directive without arguments', '  internal;'],
  ['an include', 'include conf.d/*.conf;'],
  ['several directives on a line', 'error_log a.log info; events { } mail { }'],
])('takes %s for nginx', (_what, text) => {
  expect(nameOf(text)).toBe('nginx')
})

it('says what nginx would have said first of a text in its language', () => {
  const result = loadConfiguration({
    file: 'a.conf',
    text: '# edge\n  worker_processes 1;\n',
    reader: memoryReader(new Map()),
    searchPath: [],
  })
  expect(result).toMatchObject({ emerg: 'no "events" section in configuration' })
  expect(result.policy).toBeUndefined()
  expect([...result.sources.keys()]).toEqual(['a.conf'])
})

it('reports a main file that cannot be read', () => {
  const reader = memoryReader(new Map())
  const result = loadConfiguration({ file: '/conf/a.conf', reader, searchPath: [] })
  expect(result.diagnostics).toMatchObject([{ code: 'dialect.file_unreadable' }])
})

it('loads what it has detected', () => {
  const reader = memoryReader(new Map([['/conf/a.conf', 'PIDFile = "x.pid"']]))
  const result = loadConfiguration({ file: '/conf/a.conf', reader, searchPath: [] })
  expect(result.policy?.daemon.pidFile?.value).toBe('x.pid')
})
