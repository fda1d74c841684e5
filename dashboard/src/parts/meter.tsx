// How full a limit or a key is: one bar, with a mark where it has been highest.

import type { ComponentChildren } from 'preact'
import { count } from '../words/format.ts'
import { fillOf, fillText, levelOf } from '../words/limits.ts'

interface MeterProps {
  readonly label: string
  readonly usedCount: number
  readonly capMax?: number | undefined
  readonly highWaterCount?: number
  readonly isDryRun?: boolean
}

const width = 100
const height = 10

export function Meter(props: MeterProps): ComponentChildren {
  const { label, usedCount, capMax, highWaterCount } = props
  const fill = fillOf(props)
  if (fill === undefined || capMax === undefined) return <span class="quiet">no cap</span>
  const high =
    highWaterCount === undefined || capMax === 0 ? undefined : Math.min(1, highWaterCount / capMax)
  const highest = highWaterCount === undefined ? '' : `; highest ${count(highWaterCount)}`
  return (
    <svg
      class={`meter ${levelOf(props)}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={capMax}
      aria-valuenow={Math.min(usedCount, capMax)}
      aria-valuetext={fillText(props) + highest}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
    >
      <rect class="track" width={width} height={height} />
      <rect class="fill" width={width * Math.min(1, fill)} height={height} />
      {high === undefined ? null : (
        <line class="high" x1={width * high} x2={width * high} y1="0" y2={height} />
      )}
    </svg>
  )
}
