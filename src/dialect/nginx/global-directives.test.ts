// The text of -g, with nginx's words for what is wrong.

import { describe, expect, it } from 'vitest'
import { memoryReader } from '../memory-reader.ts'
import { parseGlobalDirectives } from './global-directives.ts'
import { readConfiguration } from './read.ts'

function namesOf(text: string): readonly string[] | string {
  const result = parseGlobalDirectives(text)
  return 'problem' in result ? result.problem : result.directives.map(({ name }) => name.text)
}

describe('parseGlobalDirectives', () => {
  it('reads plain directives of the main context', () => {
    expect(namesOf('daemon off; pid "run/a b.pid"; error_log stderr notice;')).toEqual([
      'daemon',
      'pid',
      'error_log',
    ])
    expect(namesOf('')).toEqual([])
  })

  it('passes warnings on', () => {
    const result = parseGlobalDirectives('user mail;')
    expect(result).toMatchObject({ warnings: [{ code: 'nginx.ignored_directive' }] })
  })

  it.each([
    ['daemon on', 'unexpected end of parameter, expecting ";"'],
    ['pid "a', 'unexpected end of parameter, expecting ";"'],
    ['events { }', 'block directives are not supported in -g option'],
    ['}', 'unexpected "}"'],
    [';', 'unexpected ";"'],
    ['pid "a"b;', 'unexpected "b"'],
    ['foo;', 'unknown directive "foo"'],
    ['timeout 5s;', '"timeout" directive is not allowed here'],
    ['include a.conf;', '"include" directive is not allowed here'],
    ['pid;', 'invalid number of arguments in "pid" directive'],
    ['pid a; pid b;', '"pid" directive is duplicate'],
    ['daemon yes;', 'invalid value "yes" in "daemon" directive, it must be "on" or "off"'],
  ])('answers %s as nginx does', (text, problem) => {
    expect(namesOf(text)).toBe(`${problem} in command line`)
  })
})

it('stands before the first line of the file', () => {
  const result = parseGlobalDirectives('pid a;')
  if ('problem' in result) throw new Error(result.problem)
  const { emerg } = readConfiguration({
    file: '/conf/main.conf',
    text: 'events { }\npid b;',
    reader: memoryReader(new Map()),
    globals: result.directives,
  })
  expect(emerg).toBe('"pid" directive is duplicate in /conf/main.conf:2')
})
