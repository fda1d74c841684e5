// How full a limit is, as a bar: `########:..`, where `:` is the most it ever was.

const widthDefault = 12

export function meter(
  used: number,
  cap: number | undefined,
  highWater: number,
  width: number = widthDefault,
): string {
  if (cap === undefined || cap === 0) return ''.padEnd(width)
  const full = cellsOf(used, cap, width)
  const high = cellsOf(highWater, cap, width)
  const line = '#'.repeat(full).padEnd(width, '.')
  return high <= full ? line : `${line.slice(0, high - 1)}:${line.slice(high)}`
}

/** One session shows, and only a full budget is a full bar. */
function cellsOf(used: number, cap: number, width: number): number {
  if (used <= 0) return 0
  if (used >= cap) return width
  return Math.min(width - 1, Math.max(1, Math.floor((used / cap) * width)))
}
