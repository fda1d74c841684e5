// IMAP commands taken apart.

import { describe, expect, it } from 'vitest'
import { imapTag, imapVerb, parseImapCommand } from './imap-command.ts'

/** `TAG VERB word|word`, or what kind of thing it is. */
function parse(text: string): string {
  const reading = parseImapCommand(Buffer.from(text, 'latin1'))
  switch (reading.kind) {
    case 'command':
      return `${reading.tag} ${reading.verb} ${reading.words.map((word) => word.toString('latin1')).join('|')}`
    case 'literal':
      return `${reading.isSynchronizing ? 'asks for' : 'announces'} ${reading.sizeBytes}`
    case 'malformed':
      return `malformed ${reading.tag ?? '-'}${reading.announcesLiteral ? ' +' : ''}`
  }
}

describe('a tag', () => {
  it('has 1 to 32 letters, digits, dots, hyphens and underscores', () => {
    expect(parse('A-z.0_9 noop\r\n')).toBe('A-z.0_9 NOOP ')
    expect(parse(`${'x'.repeat(32)} NOOP\r\n`)).toBe(`${'x'.repeat(32)} NOOP `)
  })

  it('is not known when it is longer, empty or has other characters', () => {
    const lines = [`${'x'.repeat(33)} NOOP`, ' NOOP', '* NOOP', 'a+ NOOP', 'a\0 NOOP', 'a', '']
    expect(lines.map((line) => parse(`${line}\r\n`))).toEqual(lines.map(() => 'malformed -'))
  })

  it('is known in a command that is cut short', () => {
    expect(imapTag(Buffer.from(`a1 LOGIN ${'x'.repeat(90)}`))).toBe('a1')
    expect(imapTag(Buffer.from('x'.repeat(90)))).toBeUndefined()
  })
})

describe('a verb', () => {
  it('is one of six, in any case', () => {
    const verbs = ['LOGIN', 'LOGOUT', 'NOOP', 'CAPABILITY', 'STARTTLS', 'AUTHENTICATE']
    expect(verbs.map((verb) => parse(`a  ${verb.toLowerCase()}\n`))).toEqual(
      verbs.map((verb) => `a ${verb} `),
    )
  })

  it('makes the command malformed when it is another or none, its tag known', () => {
    const lines = ['a FOO', 'a ', 'a NOOPS', 'a NO OP', 'a N0OP', 'a NOOP\tx', 'a NOOP\rx']
    expect(lines.map((line) => parse(`${line}\r\n`))).toEqual(lines.map(() => 'malformed a'))
  })

  it('is known in a command that is cut short', () => {
    expect(imapVerb(Buffer.from('a login u'))).toBe('LOGIN')
    expect(imapVerb(Buffer.from('a logi'))).toBeUndefined()
  })
})

describe('arguments', () => {
  it('are atoms between spaces', () => {
    expect(parse('a LOGIN  u@d  p%25{x\t \r\n')).toBe('a LOGIN u@d|p%25{x\t')
    expect(parse('a LOGIN a"b c\\d\n')).toBe('a LOGIN a"b|c\\d')
  })

  it('are quoted strings with escapes', () => {
    expect(parse('a LOGIN "u \\"x\\"" "p\\\\\\z"\r\n')).toBe('a LOGIN u "x"|p\\z')
    expect(parse('a LOGIN "" ""\r\n')).toBe('a LOGIN |')
  })

  it('are malformed when a quoted string has no end', () => {
    const lines = ['a LOGIN u "p', 'a LOGIN u "p\\', 'a LOGIN "u p\\"']
    expect(lines.map((line) => parse(`${line}\r\n`))).toEqual(lines.map(() => 'malformed a'))
  })

  it('are literals, whose bytes are whatever they are', () => {
    expect(parse('a LOGIN {3}\r\n')).toBe('asks for 3')
    expect(parse('a LOGIN {3+}\n')).toBe('announces 3')
    expect(parse('a LOGIN {3}\r\n\r\n" {2+}\r\n')).toBe('announces 2')
    expect(parse('a LOGIN {3}\r\n\r\n" {2+}\r\n{}\r\n')).toBe('a LOGIN \r\n"|{}')
    expect(parse('a LOGIN {0}\r\n x\r\n')).toBe('a LOGIN |x')
  })

  it('are malformed when a literal is', () => {
    const lines = ['a LOGIN {3', 'a LOGIN {3}x', 'a LOGIN {-1}', 'a LOGIN {3+ }', 'a LOGIN {x}']
    expect(lines.map((line) => parse(`${line}\r\n`))).toEqual(lines.map(() => 'malformed a'))
    expect(parse('a LOGIN {1}\r\nuv p\r\n')).toBe('malformed a')
  })

  it('are at most three', () => {
    expect(parse('a NOOP x y z\r\n')).toBe('a NOOP x|y|z')
    expect(parse('a NOOP x y z 4\r\n')).toBe('malformed a')
    expect(parse('a NOOP x y z {4}\r\n')).toBe('malformed a')
  })
})

describe('a malformed command', () => {
  it('says when a literal follows it unasked', () => {
    expect(parse('a FOO {10+}\r\n')).toBe('malformed a +')
    expect(parse('* {10+}\n')).toBe('malformed - +')
    expect(parse('a FOO {10}\r\n')).toBe('malformed a')
  })
})
