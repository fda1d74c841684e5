// Typed readers: what an option's value means, or a diagnostic that says what is wrong with it.

import { suggest } from '../../base/suggest.ts'
import type { PathValue } from '../../policy/options.ts'
import type { MomentumCode } from './codes.ts'
import { listed, quoted } from './report.ts'
import type { Report } from './report.ts'
import { valueSpan } from './syntax.ts'
import type { OptionStatement, Word } from './syntax.ts'

/** A type of value: its name for messages and docs, one example, and how it is read. */
export interface ValueType<T> {
  /** As in "Idle_Time takes ...". */
  readonly title: string
  /** A valid value as it is written after `=`. */
  readonly example: string
  /** Undefined after a report. */
  read(statement: OptionStatement, report: Report): T | undefined
}

/** What is wrong with one word. `message` follows the option's name. */
interface ValueProblem {
  readonly code: MomentumCode
  readonly problem: string
  readonly hint?: string | undefined
}

export type WordResult<T> = { readonly value: T } | ValueProblem

/** A type read from one word. */
export interface WordType<T> {
  readonly title: string
  readonly example: string
  readonly parse: (text: string) => WordResult<T>
}

/** Makes a value type of a word type: anything but one plain value is refused. */
export function scalarType<T>(type: WordType<T>): ValueType<T> {
  const { title, example, parse } = type
  return {
    title,
    example,
    read(statement, report) {
      if (statement.kind !== 'scalar') return wrongForm(statement, title, report)
      return readWord(statement, statement.value, { parse, report })
    },
  }
}

/** Reports that a list or dictionary or plain value stands where another form is needed. */
export function wrongForm(statement: OptionStatement, title: string, report: Report): undefined {
  const form = { scalar: 'a plain value', array: 'a list', dictionary: 'a dictionary' }
  report.error({
    code: 'momentum.wrong_form',
    message: `${statement.name.text} takes ${title}, not ${form[statement.kind]}`,
    span: valueSpan(statement),
    hint:
      statement.kind === 'scalar' && title.startsWith('a list')
        ? `write ${statement.name.text} = ( ${quoted(statement.value.text)} )`
        : undefined,
  })
  return undefined
}

/** Reads one word of a statement's value. */
export function readWord<T>(
  statement: OptionStatement,
  word: Word,
  how: { readonly parse: (text: string) => WordResult<T>; readonly report: Report },
): T | undefined {
  const result = how.parse(word.text)
  if ('value' in result) return result.value
  const { code, problem, hint } = result
  const message = `${statement.name.text} ${problem}`
  how.report.error({ code, message, span: word.span, hint })
  return undefined
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['enabled', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['disabled', false],
  ['0', false],
])

/** Both lists of the manual: the console's and the C API's. */
export const flag: ValueType<boolean> = scalarType({
  title: 'true or false',
  example: 'true',
  parse: yesOrNo,
})

export function yesOrNo(text: string): WordResult<boolean> {
  const value = booleans.get(text.toLowerCase())
  if (value !== undefined) return { value }
  const problem = `takes true or false, not ${quoted(text)}`
  const hint = didYouMean(text, [...booleans.keys()])
  return { code: 'momentum.wrong_type', problem, hint }
}

/** One of a few words, in any case. */
export function choice<const T extends string>(words: readonly T[]): ValueType<T> {
  const title = `one of ${listed(words)}`
  return scalarType<T>({
    title,
    example: words[0] ?? '',
    parse(word) {
      const value = words.find((known) => known === word.toLowerCase())
      if (value !== undefined) return { value }
      const problem = `takes ${title}, not ${quoted(word)}`
      return { code: 'momentum.bad_value', problem, hint: didYouMean(word, words) }
    },
  })
}

/** A path; `none` cancels the value of an outer scope (momentum `TLS_Certificate`). */
export const pathOrNone: ValueType<PathValue> = scalarType<PathValue>({
  title: 'a path or none',
  example: '"tls/server.pem"',
  parse(text) {
    if (text.toLowerCase() === 'none') return { value: {} }
    const result = plainText(text)
    return 'value' in result ? { value: { path: result.value } } : result
  },
})

/** Everything below a blank: what ends a line in a protocol or fakes one in a log. */
const controlCharacters = /[\u0000-\u001f\u007f]/

/** A text that is not empty and holds no control characters. */
export function plainText(text: string): WordResult<string> {
  if (text === '') return { code: 'momentum.bad_value', problem: 'takes a text that is not empty' }
  if (!controlCharacters.test(text)) return { value: text }
  const problem = `takes a text without control characters, not ${quoted(text)}`
  return { code: 'momentum.bad_value', problem }
}

/** A text, with a further check if one is given. */
export function textType(
  title: string,
  example: string,
  check: (value: string) => WordResult<string> = (value) => ({ value }),
): ValueType<string> {
  return scalarType({
    title,
    example,
    parse(word) {
      const result = plainText(word)
      return 'value' in result ? check(result.value) : result
    },
  })
}

/** A list of texts. */
export function textList(example: string): ValueType<readonly string[]> {
  const title = 'a list of texts'
  return {
    title,
    example,
    read(statement, report) {
      if (statement.kind !== 'array') return wrongForm(statement, title, report)
      const { items } = statement
      const read = items.map((item) => readWord(statement, item, { parse: plainText, report }))
      const texts = read.filter((value) => value !== undefined)
      return texts.length === items.length ? texts : undefined
    },
  }
}

/** A dictionary of texts; of two equal keys the last one wins. */
export const textDictionary: ValueType<Readonly<Record<string, string>>> = {
  title: 'a dictionary',
  example: '[ tenant = "blue" ]',
  read(statement, report) {
    if (statement.kind !== 'dictionary') return wrongForm(statement, 'a dictionary', report)
    // fromEntries defines own properties, so that a key named __proto__ is a key like any other.
    return Object.fromEntries(statement.entries.map(({ key, value }) => [key.text, value.text]))
  },
}

/** The hint for a word that is nearly a known one. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const candidate = suggest(word, candidates)
  return candidate === undefined ? undefined : `did you mean ${candidate}?`
}
