// Values that end up in an SMTP reply: checked here, so that nothing breaks a line there.

import type { ValueResult, ValueType } from './directive-spec.ts'
import type { Directive } from './syntax.ts'

/** RFC 5321 4.5.3.1.5: a reply line has at most 512 octets, CRLF included. */
const maxReplyLine = 510

/** Everything below a blank: what ends a line in a protocol. */
const controlCharacters = /[\u0000-\u001f\u007f]/

function checked(
  syntax: string,
  example: string,
  problemOf: (text: string) => string | undefined,
): ValueType {
  return {
    syntax,
    example,
    read(directive): ValueResult {
      const text = directive.args[0]?.text ?? ''
      const hint = problemOf(text)
      return hint === undefined ? { value: { kind: 'text', text } } : bad(directive, hint)
    },
  }
}

function bad({ name, args }: Directive, hint: string): ValueResult {
  const message = `"${name.text}" directive invalid value`
  return { problem: { code: 'nginx.bad_value', message, word: args[0], hint } }
}

/** The host name a greeting shows. */
export const bannerHostname: ValueType = checked('name', 'mx.example.net', (text) =>
  text === '' || controlCharacters.test(text) || text.includes(' ') || text.length > 255
    ? 'write a host name'
    : undefined,
)

/** A whole greeting: one line or several, each a 220 line. */
export const staticBanner: ValueType = {
  ...checked('string', '"220 word"', bannerProblem),
  read(directive): ValueResult {
    const text = (directive.args[0]?.text ?? '')
      .replace(/(\r?\n)+$/, '')
      .replaceAll(/\r?\n/g, '\r\n')
    const hint = bannerProblem(text)
    return hint === undefined ? { value: { kind: 'text', text } } : bad(directive, hint)
  },
}

function bannerProblem(text: string): string | undefined {
  const lines = text.split('\r\n')
  for (const [index, line] of lines.entries()) {
    const start = index === lines.length - 1 ? '220 ' : '220-'
    if (controlCharacters.test(line)) return 'write it without control characters'
    if (!line.startsWith(start))
      return `begin its ${start === '220 ' ? 'last line' : 'lines'} with "${start}"`
    if (Buffer.byteLength(line) > maxReplyLine)
      return `write at most ${maxReplyLine} octets in a line`
  }
  return undefined
}

/** What follows `421 ` for sessions of an older configuration. */
export const reconfigMessage: ValueType = checked('string', 'word', (text) => {
  if (text === '' || controlCharacters.test(text)) return 'write it without control characters'
  if (text.startsWith('421')) return 'leave the 421 out: it stands before the text'
  // The code and the blank before it take four octets.
  return Buffer.byteLength(text) > maxReplyLine - 4
    ? `write at most ${maxReplyLine - 4} octets`
    : undefined
})
