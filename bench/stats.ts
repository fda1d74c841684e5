// The two numbers a row of rounds is told by: its middle and how far it spread.

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Median and extremes; undefined when there is nothing to take them of. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((left, right) => left - right)
  const { length } = sorted
  const low = sorted[Math.floor((length - 1) / 2)]
  const high = sorted[Math.ceil((length - 1) / 2)]
  const min = sorted[0]
  const max = sorted[length - 1]
  if (low === undefined || high === undefined || min === undefined || max === undefined) return
  return { median: (low + high) / 2, min, max }
}
