// The structure of nginx texts, and the mistakes in it (freenginx 3.1).

import { describe, expect, it } from 'vitest'
import { parse } from './parser.ts'
import type { Statement } from './syntax.ts'

/** Directives as `name(args){body}`, mistakes as `!message`. */
function shown(statements: readonly Statement[]): string {
  return statements
    .map((statement) => {
      if (statement.kind === 'mistake') return `!${statement.message}`
      const { name, args, body } = statement
      const head = `${name.text}(${args.map(({ text }) => text).join(',')})`
      return body === undefined ? head : `${head}{${shown(body)}}`
    })
    .join(' ')
}

function parsed(text: string): string {
  return shown(parse({ file: 'a.conf', text }))
}

const cutOff = '!unexpected end of file, expecting ";" or "}"'

describe('parse', () => {
  it.each([
    ['nothing', '', ''],
    ['directives and blocks', 'a b c; d { e; f { } }', 'a(b,c) d(){e() f(){}}'],
    ['blocks with arguments', 'peer 10.0.0.0/8 { a; }', 'peer(10.0.0.0/8){a()}'],
    ['a semicolon of its own', 'a; ; b;', 'a() !unexpected ";" b()'],
    ['a semicolon behind a block', 'a { };', 'a(){} !unexpected ";"'],
    ['a block without a name', 'a; { b; } c;', 'a() !unexpected "{" c()'],
    ['a closing brace too many', 'a { } } b;', 'a(){} !unexpected "}" b()'],
    ['a directive that a brace ends', 'a { b c } d;', 'a(){!unexpected "}" b(c)} d()'],
    ['a directive that a brace ends outside', 'a b } c;', '!unexpected "}" a(b) c()'],
    ['a quoted word that a brace ends', 'a { b "c"} d;', 'a(){!unexpected "}" b(c)} d()'],
    ['a directive that the end cuts off', 'a b', `${cutOff} a(b)`],
    ['a directive in a block that the end cuts off', 'a { b', `a(){${cutOff} b()}`],
    ['a word that the end cuts off', 'a "b;', cutOff],
    ['an open block', 'a { b;', 'a(){b() !unexpected end of file, expecting "}"}'],
    [
      'open blocks, with one mistake for all',
      'a { b { c;',
      'a(){b(){c() !unexpected end of file, expecting "}"}}',
    ],
  ])('reads %s', (_what, text, expected) => {
    expect(parsed(text)).toBe(expected)
  })

  it('keeps what the deepest blocks hold out of the tree, and reads on behind them', () => {
    const text = `${'a { '.repeat(1000)}${'} '.repeat(1000)} b;`
    expect(parsed(text)).toContain('"a" stands deeper than 64 blocks')
    expect(parsed(text)).toMatch(/ b\(\)$/)
  })

  it('stands where nginx noticed: at the end of the directive', () => {
    const [directive] = parse({ file: 'a.conf', text: 'a\nb\n{ }' })
    expect(directive).toMatchObject({ end: { line: 3, column: 1, endColumn: 2 } })
  })

  it('has other words for the command line', () => {
    const words = (text: string) =>
      shown(parse({ file: 'command line', text }, { isCommandLine: true }))
    expect(words('a b')).toBe('!unexpected end of parameter, expecting ";" a(b)')
    expect(words('a { }')).toMatch(/^!block directives are not supported in -g option/)
  })
})
