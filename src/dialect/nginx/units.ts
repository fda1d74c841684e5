// nginx's numbers, sizes and times. Each reader answers undefined for what nginx calls invalid.

/**
 * The largest number taken. nginx's own bound is 2^63 - 1, which a number here cannot hold exactly;
 * nobody means a size or time between the two.
 */
const largest = Number.MAX_SAFE_INTEGER

/** Decimal digits and nothing else: no sign, no blank. */
export function parseNumber(text: string): number | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined
  const value = Number(text)
  return value <= largest ? value : undefined
}

const kilo = 1024
const mega = kilo * kilo
const giga = mega * kilo

const sizeUnits: ReadonlyMap<string, number> = new Map([
  ['k', kilo],
  ['m', mega],
])
const offsetUnits: ReadonlyMap<string, number> = new Map([...sizeUnits, ['g', giga]])

/** Bytes: digits, then `k` or `m` in either case. */
export function parseSize(text: string): number | undefined {
  return parseScaled(text, sizeUnits)
}

/** Bytes of a file: as a size, and with `g` too. */
export function parseOffset(text: string): number | undefined {
  return parseScaled(text, offsetUnits)
}

function parseScaled(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const unit = units.get(text.slice(-1).toLowerCase())
  const value = parseNumber(unit === undefined ? text : text.slice(0, -1)) ?? Number.NaN
  const scaled = value * (unit ?? 1)
  return scaled <= largest ? scaled : undefined
}

interface TimeUnit {
  /** Units must stand in falling order: each one's rank is above that of those before it. */
  readonly rank: number
  readonly ms: number
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const timeUnits: ReadonlyMap<string, TimeUnit> = new Map([
  ['y', { rank: 1, ms: 365 * day }],
  ['M', { rank: 2, ms: 30 * day }],
  ['w', { rank: 3, ms: 7 * day }],
  ['d', { rank: 4, ms: day }],
  ['h', { rank: 5, ms: hour }],
  ['m', { rank: 6, ms: minute }],
  ['s', { rank: 7, ms: second }],
  ['ms', { rank: 8, ms: 1 }],
])
const monthRank = 2
const secondRank = 7
/** A number followed by a blank: seconds, and nothing may follow but one bare number. */
const bareRank = 9

/** Milliseconds: `1h 30m`, `1s500ms`, or bare seconds. No months or years. */
export function parseMilliseconds(text: string): number | undefined {
  return parseTime(text, monthRank)
}

/** Seconds: as above without `ms`, and with `y` (365 days) and `M` (30 days). */
export function parseSeconds(text: string): number | undefined {
  const ms = parseTime(text, 0)
  return ms === undefined || /ms/.test(text) ? undefined : ms / second
}

/** `startRank`: units up to this rank are not allowed. */
function parseTime(text: string, startRank: number): number | undefined {
  let rank = startRank
  let total = 0
  let hasDigits = false
  const pattern = /([0-9]*)(ms|[yMwdhms]|$| ) */y
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text)
    if (found === null) return undefined
    const [, digits = '', name = ''] = found
    // A number that nothing follows counts as seconds, whatever stood before it.
    const isLast = name === ''
    const unit = name === ' ' || isLast ? { rank: bareRank, ms: second } : timeUnits.get(name)
    if (unit === undefined || (!isLast && !mayFollow(rank, unit.rank))) return undefined
    total += Number(digits) * unit.ms
    if (total > largest) return undefined
    hasDigits ||= digits !== ''
    rank = isLast ? rank : unit.rank
  }
  return hasDigits ? total : undefined
}

function mayFollow(before: number, rank: number): boolean {
  // nginx lets a blank stand for seconds only while no seconds were given.
  return rank === bareRank ? before < secondRank : before < rank
}
