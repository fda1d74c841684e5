// Sizes and times as they are written behind flags.

import { UsageError } from './command.ts'

const bytes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }
const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  '': 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `100m` is a hundred mebibytes. */
export function parseSize(flag: string, text: string): number {
  const match = /^(\d{1,9})([kmg]?)$/i.exec(text)
  const unit = bytes[match?.[2]?.toLowerCase() ?? 'none']
  if (match === null || unit === undefined) {
    throw new UsageError(`${flag} takes a size, as in 100m (k, m, g)`)
  }
  return Number(match[1]) * unit
}

/** `90` and `90s` are seconds. */
export function parseTime(flag: string, text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d|)$/.exec(text)
  const unit = milliseconds[match?.[2] ?? 'none']
  if (match === null || unit === undefined) {
    throw new UsageError(`${flag} takes a time, as in 90s, 10m or 24h`)
  }
  return Number(match[1]) * unit
}

export function parseWhole(flag: string, text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(value) || value > max) {
    throw new UsageError(`${flag} takes a number from 0 to ${max}`)
  }
  return value
}
