// Readers of numbers: caps, counts, times and permissions. No sign, no unit (momentum.md 1.2).

import type { CapValue, DurationValue, LingerValue, RateValue } from '../../policy/options.ts'
import { quoted } from './report.ts'
import { valueSpan } from './syntax.ts'
import { scalarType } from './values.ts'
import type { ValueType, WordResult } from './values.ts'

interface NumberBounds {
  readonly title: string
  readonly min: number
  readonly max: number
  /** What a unit suffix is answered with. */
  readonly unitHint: (digits: string, unit: string) => string
}

/** Decimal digits only: no sign, no unit (momentum.md 1.2). */
function parseNumber(text: string, bounds: NumberBounds): WordResult<number> {
  const { title, min, max, unitHint } = bounds
  if (/^\d+$/.test(text)) {
    const value = Number(text)
    if (value >= min && value <= max) return { value }
    const problem = `must be ${min} to ${max}, not ${quoted(text)}`
    return { code: 'momentum.out_of_range', problem }
  }
  if (/^-\d/.test(text)) {
    const problem = `takes ${title}, not the negative ${quoted(text)}`
    return { code: 'momentum.negative_number', problem, hint: 'write 0 for "no limit"' }
  }
  const unit = /^(\d+) ?([A-Za-z]+)$/.exec(text)
  if (unit !== null) {
    const problem = `takes ${title} without a unit, not ${quoted(text)}`
    const hint = unitHint(unit[1] ?? '', (unit[2] ?? '').toLowerCase())
    return { code: 'momentum.unit_suffix', problem, hint }
  }
  const hint = text.endsWith(';') ? 'leave the semicolon out: an option ends by itself' : undefined
  return { code: 'momentum.wrong_type', problem: `takes ${title}, not ${quoted(text)}`, hint }
}

/** Counts are kept in signed 32-bit cells, where a larger cap could never be reached. */
const maxCount = 2_147_483_647

function countUnitHint(digits: string, unit: string): string {
  const factor = { k: 1000, m: 1_000_000 }[unit]
  if (factor === undefined) return 'write the number alone'
  return `write ${Number(digits) * factor}: numbers carry no unit`
}

/** A cap; 0 means set, and no limit. */
export const cap: ValueType<CapValue> = scalarType({
  title: 'a whole number',
  example: '7',
  parse(text) {
    const bounds = { title: 'a whole number', min: 0, max: maxCount, unitHint: countUnitHint }
    const result = parseNumber(text, bounds)
    if (!('value' in result)) return result
    return { value: result.value === 0 ? {} : { capMax: result.value } }
  },
})

/** Bytes a second; 0 means set, and no limit. */
export const rate: ValueType<RateValue> = scalarType({
  title: 'a whole number of bytes a second',
  example: '65536',
  parse(text) {
    const title = 'a whole number of bytes a second'
    const result = parseNumber(text, { title, min: 0, max: maxCount, unitHint: countUnitHint })
    if (!('value' in result)) return result
    return { value: result.value === 0 ? {} : { bytesPerSecond: result.value } }
  },
})

/** A whole number between bounds. */
export function integer(min: number, max: number): ValueType<number> {
  const title = 'a whole number'
  return scalarType({
    title,
    example: String(Math.max(min, 1)),
    parse: (text) => parseNumber(text, { title, min, max, unitHint: countUnitHint }),
  })
}

/** Timers take 2^31 - 1 milliseconds, 24 days; a longer idle time is as good as none. */
const maxSeconds = 2_147_483

const unitSeconds: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['sec', 1],
  ['secs', 1],
  ['seconds', 1],
  ['m', 60],
  ['min', 60],
  ['minutes', 60],
  ['h', 3600],
  ['hours', 3600],
  ['d', 86_400],
  ['days', 86_400],
])

function timeUnitHint(digits: string, unit: string): string {
  const factor = unitSeconds.get(unit)
  if (unit === 'ms') return `write ${Number(digits) / 1000}: times are bare seconds`
  if (factor === undefined) return 'times are bare seconds'
  return `write ${Number(digits) * factor}: times are bare seconds`
}

/** Times of nginx have milliseconds; Momentum's are whole seconds, and stay so when written so. */
const fraction = /^\d{1,7}\.\d{1,3}$/

/** A time in bare seconds; 0 means set, and never. */
export const seconds: ValueType<DurationValue> = scalarType({
  title: 'a number of seconds',
  example: '30',
  parse(text) {
    if (fraction.test(text) && Number(text) <= maxSeconds) {
      const ms = Math.round(Number(text) * 1000)
      return { value: ms === 0 ? {} : { ms } }
    }
    const bounds = {
      title: 'a number of seconds',
      min: 0,
      max: maxSeconds,
      unitHint: timeUnitHint,
    }
    const result = parseNumber(text, bounds)
    if (!('value' in result)) return result
    return { value: result.value === 0 ? {} : { ms: result.value * 1000 } }
  },
})

/** A wait in bare seconds, 0 for none; a longer one than `maxMs` is `maxMs`. */
export function wait(maxMs: number): ValueType<LingerValue> {
  return {
    title: seconds.title,
    example: '3',
    read(statement, report) {
      const read = seconds.read(statement, report)
      if (read === undefined) return undefined
      const { ms = 0 } = read
      if (ms <= maxMs) return { waitMs: ms }
      report.warn({
        code: 'momentum.capped',
        message: `${statement.name.text} is ${maxMs / 1000} in Postern: a client holds its slot while it lingers`,
        span: valueSpan(statement),
        hint: `write ${maxMs / 1000} or less`,
      })
      return { waitMs: maxMs }
    },
  }
}

/** File permissions, "defined in octal". */
export const permissions: ValueType<number> = scalarType({
  title: 'octal permissions',
  example: '0660',
  parse(text) {
    if (/^0?[0-7]{3}$/.test(text)) return { value: Number.parseInt(text, 8) }
    const problem = `takes octal permissions, not ${quoted(text)}`
    return { code: 'momentum.wrong_type', problem, hint: 'write them as in 0660' }
  },
})
