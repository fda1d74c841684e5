// `error_log`: how its words are checked, and the logs that the lines of one block name.

import type { Sourced } from '../../base/diagnostic.ts'
import { logLevels, parseLogPlace } from '../../policy/error-log.ts'
import type { ErrorLogTarget, LogLevel } from '../../policy/error-log.ts'
import type { BlockView } from './block-view.ts'
import type { Problem, ValueResult, ValueType } from './directive-spec.ts'
import { spanOf } from './draft.ts'
import type { Word } from './syntax.ts'
import { didYouMean } from './values.ts'

/** nginx's levels, and those of its debugging log by module. */
const levelWords = [
  ...logLevels,
  ...['core', 'alloc', 'mutex', 'event', 'http', 'mail', 'stream'].map((name) => `debug_${name}`),
]

/** `file [level] [rate=number]`; several debug levels may follow each other. */
export const errorLog: ValueType = {
  syntax: 'file | stderr | syslog:server=address[,parameter=value] [level] [rate=number]',
  example: 'logs/error.log notice',
  read(directive): ValueResult {
    const [place, ...words] = directive.args
    const problem = levelProblem(words) ?? placeProblem(place)
    if (problem !== undefined) return { problem }
    const value = { kind: 'texts', texts: directive.args.map((word) => word.text) } as const
    const found = parseLogPlace(place?.text ?? '')
    if ('problem' in found || found.remark === undefined) return { value }
    const warning = { code: 'nginx.no_effect', message: found.remark, word: place } as const
    return { value, warnings: [warning] }
  },
}

function placeProblem(word: Word | undefined): Problem | undefined {
  const found = parseLogPlace(word?.text ?? '')
  if (!('problem' in found)) return undefined
  const { problem, hint, isUnsupported } = found
  if (isUnsupported !== true) return { code: 'nginx.bad_value', message: problem, word, hint }
  const message = `error_log ${problem} is not in this version of Postern`
  return { code: 'nginx.not_in_this_version', message, word, hint }
}

function levelProblem(words: readonly Word[]): Problem | undefined {
  let level: string | undefined
  for (const word of words) {
    if (ratePattern.test(word.text)) continue
    const known = levelWords.find((name) => name === word.text)
    const isDebugPart = known?.startsWith('debug_') === true
    const mayAdd = level === undefined || (isDebugPart && level.startsWith('debug_'))
    const code = 'nginx.bad_value'
    if (known === undefined || (isDebugPart && !mayAdd)) {
      const hint = didYouMean(word.text, logLevels) ?? `the levels are ${logLevels.join(', ')}`
      return { code, message: `invalid log level "${word.text}"`, word, hint }
    }
    if (!mayAdd) return { code, message: `duplicate log level "${word.text}"`, word }
    level = known
  }
  return undefined
}

/** A thousand million records a second are more than any machine writes. */
const ratePattern = /^rate=([0-9]{1,9})$/

/** The logs of a block, or those it inherits; undefined when neither names one. */
export function errorLogsOf(view: BlockView): Sourced<readonly ErrorLogTarget[]> | undefined {
  const found = view.all('error_log')
  const [first] = found
  if (first === undefined) return undefined
  return { value: found.map(({ args }) => targetOf(args)), span: spanOf(first) }
}

function targetOf(args: readonly Word[]): ErrorLogTarget {
  const [path = '', ...words] = args.map((word) => word.text)
  const rates = words.flatMap((word) => ratePattern.exec(word)?.[1] ?? [])
  const [level] = words.filter((word) => !ratePattern.test(word))
  const place = parseLogPlace(path)
  const rate = rates.at(-1)
  return {
    path,
    level: levelOf(level),
    ...('problem' in place || place.syslog === undefined ? {} : { syslog: place.syslog }),
    ...(rate === undefined ? {} : { recordsPerSecond: Number(rate) }),
  }
}

function levelOf(word: string | undefined): LogLevel {
  if (word === undefined) return 'error'
  return logLevels.find((known) => known === word) ?? 'debug'
}
