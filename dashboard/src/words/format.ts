// Numbers, ages and sizes as this page writes them: alike everywhere, in digits that line up.

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** 12,345 */
export function count(value: number): string {
  return grouped.format(value)
}

/** `1 session`, `2 sessions` */
export function counted(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1000 },
] as const

/** Two units at most: `45 s`, `3 min 10 s`, `2 d 4 h`. */
export function age(ms: number): string {
  const index = units.findIndex((unit) => ms >= unit.ms)
  const unit = units[index]
  if (unit === undefined) return '0 s'
  const whole = Math.floor(ms / unit.ms)
  const next = units[index + 1]
  const rest = next === undefined ? 0 : Math.floor((ms - whole * unit.ms) / next.ms)
  if (next === undefined || rest === 0 || whole >= 10) return `${whole} ${unit.name}`
  return `${whole} ${unit.name} ${rest} ${next.name}`
}

const sizes = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** 0 B, 999 B, 1.2 kB, 34 MB */
export function bytes(value: number): string {
  let size = value
  let index = 0
  while (size >= 999.5 && index < sizes.length - 1) {
    size /= 1000
    index += 1
  }
  const digits = index > 0 && size < 9.95 ? size.toFixed(1) : size.toFixed(0)
  return `${digits} ${sizes[index] ?? ''}`
}

/** Rounded down, so that 100 % is full and nothing else. */
export function percent(part: number, whole: number): string {
  return `${Math.floor((100 * part) / whole)} %`
}

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

/** 03:07:41, in the time zone of whoever looks. */
export function timeOfDay(at: number): string {
  return clock.format(at)
}
