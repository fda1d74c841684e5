// An hour in the height of a line of text.

import type { ComponentChildren } from 'preact'
import { count, counted } from '../words/format.ts'
import { barPath, stepPath } from '../words/plot.ts'
import type { Series } from '../words/plot.ts'

const width = 120
const height = 24

interface SparklineProps {
  readonly name: string
  readonly values: Series
}

/** How many were in, minute by minute, with the cap as a line. */
export function UsedSparkline({
  name,
  values,
  capMax,
}: SparklineProps & { readonly capMax?: number | undefined }): ComponentChildren {
  const known = values.filter((value) => value !== null)
  const most = Math.max(0, ...known)
  const top = Math.max(1, capMax ?? 0, most)
  const size = { width, height, top: top * 1.08 }
  const capAt = capMax === undefined ? undefined : height * (1 - capMax / size.top)
  const label = `${name}, used over the last hour: ${
    known.length === 0
      ? 'nothing known yet'
      : `at most ${count(most)}, at least ${count(Math.min(...known))}`
  }`
  return (
    <svg
      class="sparkline used"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
    >
      <path d={stepPath(values, size)} />
      {capAt === undefined ? null : <line x1="0" x2={width} y1={capAt} y2={capAt} />}
    </svg>
  )
}

/** How many were turned away, minute by minute. */
export function RefusedSparkline({ name, values }: SparklineProps): ComponentChildren {
  const total = values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
  const top = Math.max(1, ...values.map((value) => value ?? 0))
  return (
    <svg
      class="sparkline refused"
      role="img"
      aria-label={`${name}: ${counted(total, 'session')} refused over the last hour`}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
    >
      <path d={barPath(values, { width, height, top })} />
    </svg>
  )
}
