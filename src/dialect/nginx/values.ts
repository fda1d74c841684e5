// Readers of the arguments that many directives share, with nginx's words for what is wrong.

import { suggest } from '../../base/suggest.ts'
import type { Problem, ValueResult, ValueType } from './directive-spec.ts'
import type { Directive } from './syntax.ts'
import { parseMilliseconds, parseNumber, parseOffset, parseSeconds, parseSize } from './units.ts'

/** `"timeout" directive invalid value`: nginx names the directive, not the argument. */
export function invalid(directive: Directive, what: 'value' | 'number', hint?: string): Problem {
  return {
    code: 'nginx.bad_value',
    message: `"${directive.name.text}" directive invalid ${what}`,
    word: directive.args[0],
    hint,
  }
}

/** `did you mean "error"?`, when one of the words is close. */
export function didYouMean(word: string, words: readonly string[]): string | undefined {
  const close = suggest(word, words)
  return close === undefined ? undefined : `did you mean "${close}"?`
}

function firstText(directive: Directive): string {
  return directive.args[0]?.text ?? ''
}

/** A reader for directives of one argument. */
function single(
  syntax: string,
  example: string,
  read: (text: string, directive: Directive) => ValueResult,
): ValueType {
  return { syntax, example, read: (directive) => read(firstText(directive), directive) }
}

/** `{ ... }`: nothing to read. */
export const block: ValueType = {
  syntax: '{ ... }',
  example: '',
  read: () => ({ value: { kind: 'block' } }),
}

/** `on` or `off`, in any case; `also` are words Postern takes beside them. */
export function flagOr(also: readonly string[]): ValueType {
  return single(['on', 'off', ...also].join(' | '), 'on', (text, directive) => {
    const word = text.toLowerCase()
    if (word === 'on' || word === 'off') return { value: { kind: 'flag', isOn: word === 'on' } }
    const other = also.find((known) => known === word)
    if (other !== undefined) return { value: { kind: 'choice', choice: other } }
    const message = `invalid value "${text}" in "${directive.name.text}" directive, it must be "on" or "off"`
    return { problem: { code: 'nginx.bad_value', message, word: directive.args[0] } }
  })
}

export const flag: ValueType = flagOr([])

export const milliseconds: ValueType = single('time', '1m', (text, directive) => {
  const ms = parseMilliseconds(text)
  if (ms !== undefined) return { value: { kind: 'duration', ms } }
  const hint = 'times are written as in 30s, 1h30m or 1s500ms; a bare number is seconds'
  return { problem: invalid(directive, 'value', hint) }
})

export const seconds: ValueType = single('time', '5m', (text, directive) => {
  const value = parseSeconds(text)
  if (value !== undefined) return { value: { kind: 'duration', ms: value * 1000 } }
  const hint = 'times are written as in 30s, 1h30m or 1y; a bare number is seconds'
  return { problem: invalid(directive, 'value', hint) }
})

export const size: ValueType = single('size', '4k', (text, directive) => {
  const sizeBytes = parseSize(text)
  if (sizeBytes !== undefined) return { value: { kind: 'size', sizeBytes } }
  const hint = 'sizes are bytes, or written as in 8k or 1m'
  return { problem: invalid(directive, 'value', hint) }
})

export const offset: ValueType = single('size', '1g', (text, directive) => {
  const sizeBytes = parseOffset(text)
  if (sizeBytes !== undefined) return { value: { kind: 'size', sizeBytes } }
  const hint = 'sizes are bytes, or written as in 8k, 1m or 2g'
  return { problem: invalid(directive, 'value', hint) }
})

export const number: ValueType = single('number', '5', (text, directive) => {
  const value = parseNumber(text)
  if (value !== undefined) return { value: { kind: 'number', number: value } }
  return { problem: invalid(directive, 'number', 'write decimal digits alone') }
})

/** Any one word. */
export const text: ValueType = single('string', 'word', (word) => ({
  value: { kind: 'text', text: word },
}))

/** Any words. */
export const texts: ValueType = {
  syntax: 'string ...',
  example: 'word',
  read: (directive) => ({
    value: { kind: 'texts', texts: directive.args.map((word) => word.text) },
  }),
}

/** A name and what belongs to it. */
export const pair: ValueType = { ...texts, syntax: 'name value', example: 'name value' }

/** One of some words, in any case. */
export function choice(words: readonly string[]): ValueType {
  return single(words.join(' | '), words[0] ?? '', (word, directive) => {
    const found = words.find((known) => known.toLowerCase() === word.toLowerCase())
    if (found !== undefined) return { value: { kind: 'choice', choice: found } }
    const hint = didYouMean(word, words) ?? `the values are ${words.join(', ')}`
    const message = `invalid value "${word}"`
    return { problem: { code: 'nginx.bad_value', message, word: directive.args[0], hint } }
  })
}

/** Some of some words, in any case; one that was there before is warned about. */
export function set(words: readonly string[]): ValueType {
  return {
    syntax: `${words.join(' | ')} ...`,
    example: words.slice(0, 2).join(' '),
    read(directive, { earlierWords }) {
      const choices: string[] = []
      const warnings: Problem[] = []
      for (const word of directive.args) {
        const found = words.find((known) => known.toLowerCase() === word.text.toLowerCase())
        if (found === undefined) {
          const message = `invalid value "${word.text}"`
          const hint = didYouMean(word.text, words) ?? `the values are ${words.join(', ')}`
          return { problem: { code: 'nginx.bad_value', message, word, hint } }
        }
        if (earlierWords.has(found)) {
          const message = `duplicate value "${word.text}"`
          warnings.push({ code: 'nginx.duplicate_value', message, word })
        }
        earlierWords.add(found)
        choices.push(found)
      }
      return { value: { kind: 'set', choices }, warnings }
    },
  }
}
