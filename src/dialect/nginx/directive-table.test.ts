// Every directive in every block: where it is valid its example is taken, else it is refused.

import { describe, expect, it } from 'vitest'
import { memoryReader } from '../memory-reader.ts'
import type { Context, DirectiveSpec } from './directive-spec.ts'
import { contexts } from './directive-spec.ts'
import { directiveTable } from './directive-table.ts'
import { otherDirectives } from './modules/other.ts'
import { readConfiguration } from './read.ts'

function example({ name, type, block, argsMin }: DirectiveSpec): string {
  const words = type.example.split(' ').filter((word) => word !== '')
  // Directives of several free words have one in their example.
  while (words.length < argsMin) words.push('word')
  return [name, ...words, block === undefined ? ';' : '{ }'].join(' ')
}

/** A whole text with one line in one block, and everything else as it must be. */
function textFor(context: Context, line: string): string {
  const zone = 'limit_conn_zone $remote_user zone=users:10m;'
  const outer = line.startsWith('limit_conn_zone') ? '' : zone
  const auth = line.startsWith('auth_http ') ? '' : 'auth_http 127.0.0.1:9000;'
  const keys = line.startsWith('ssl_certificate') ? '' : 'ssl_certificate a; ssl_certificate_key a;'
  const events = line.startsWith('events') ? '' : 'events { }'
  switch (context) {
    case 'main':
      return `${events}\n${line}`
    case 'events':
      return `events {\n${line} }`
    case 'mail':
      return `events { } mail { ${outer} ${auth} ${keys}\n${line} }`
    case 'server': {
      const protocol = line.startsWith('protocol') ? '' : 'protocol imap;'
      return `events { } mail { ${outer} ${auth} ${keys} server { listen 1;${protocol}\n${line} } }`
    }
    case 'peer':
      return `events { } mail { ${outer} ${auth} peer 10.0.0.0/8 {\n${line} } }`
  }
}

function read(text: string) {
  return readConfiguration({ file: 'a.conf', text, reader: memoryReader(new Map()) })
}

const rows = directiveTable.flatMap((spec) => contexts.map((context) => ({ spec, context })))
const validRows = rows.filter(({ spec, context }) => spec.contexts.includes(context))

describe('the directive table', () => {
  it('names every directive once, and none of another module', () => {
    const names = directiveTable.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => otherDirectives.has(name))).toEqual([])
  })

  it('has what a sentence about it needs', () => {
    const odd = directiveTable.filter(({ about }) => !/^[a-z].*[^.]$/.test(about))
    expect(odd.map(({ name }) => name)).toEqual([])
  })

  it('has an example for every directive that is taken in every block it may stand in', () => {
    for (const { spec, context } of validRows) {
      const text = textFor(context, example(spec))
      const found = read(text).diagnostics.filter(({ span }) => span?.line === 2)
      const expected = {
        works: [],
        warns: ['nginx.ignored_directive'],
        later: ['nginx.not_in_this_version'],
      }[spec.status]
      const isQuiet = spec.agreesWith === spec.type.example
      const codes = found.map(({ code }) => code)
      if (spec.block === 'skipped') expect(codes).toEqual(['nginx.skipped_block'])
      else if (spec.name === 'server') expect(codes).toEqual(['nginx.no_listen'])
      else expect(codes, `in ${text}`).toEqual(isQuiet ? [] : expected)
    }
  })

  it('has defaults that the directive itself would take', () => {
    for (const spec of directiveTable) {
      if (spec.default === undefined) continue
      const [context = 'main'] = spec.contexts
      const { diagnostics } = read(textFor(context, `${spec.name} ${spec.default};`))
      expect(diagnostics, `${spec.name} by default`).toEqual([])
    }
  })

  it('is refused in every other block, with the blocks it may stand in', () => {
    for (const { spec, context } of rows) {
      if (spec.contexts.includes(context)) continue
      const { diagnostics } = read(textFor(context, example(spec)))
      const found = diagnostics.filter(({ span }) => span?.line === 2)
      expect(found[0], `${spec.name} in ${context}`).toMatchObject({
        message: `"${spec.name}" directive is not allowed here`,
        code: 'nginx.not_allowed_here',
      })
      for (const valid of spec.contexts) expect(found[0]?.hint).toContain(valid)
    }
  })

  it('counts arguments: one fewer and one more than allowed are refused', () => {
    for (const { spec, context } of validRows) {
      const counts = [spec.argsMin - 1, spec.argsMax + 1].filter(
        (count) => count >= 0 && count < 99,
      )
      for (const count of counts) {
        const end = spec.block === undefined ? ';' : '{ }'
        const line = [spec.name, ...Array.from({ length: count }, () => 'a'), end].join(' ')
        const found = read(textFor(context, line)).diagnostics.find(({ span }) => span?.line === 2)
        expect(found?.message).toBe(`invalid number of arguments in "${spec.name}" directive`)
      }
    }
  })

  it('refuses a second one where it says so, and takes it elsewhere', () => {
    for (const { spec, context } of validRows) {
      if (spec.status === 'later' || spec.block !== undefined) continue
      const line = example(spec)
      const { diagnostics } = read(textFor(context, `${line} ${line}`))
      const isDuplicate = diagnostics.some(({ code }) => code === 'nginx.duplicate')
      // These add up, and are particular about what they add.
      if (spec.name === 'limit_conn' || spec.name === 'listen') continue
      expect(isDuplicate, `${spec.name} in ${context}`).toBe(spec.duplicate === 'error')
    }
  })
})
