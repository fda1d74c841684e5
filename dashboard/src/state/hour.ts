// The last hour of a limit, minute by minute, from the finer points that the gate keeps.

import type { History, LimitHistory } from '../wire/shapes.ts'

const hourMs = 3_600_000
const minuteMs = 60_000
const minutes = hourMs / minuteMs

/** The oldest minute first; null before the gate knew of it. */
export interface Hour {
  /** The most that were in at once. */
  readonly used: readonly (number | null)[]
  /** All that were refused. */
  readonly refused: readonly (number | null)[]
}

export const unknownHour: Hour = {
  used: Array<null>(minutes).fill(null),
  refused: Array<null>(minutes).fill(null),
}

export function hourOf({ stepMs }: Pick<History, 'stepMs'>, points: LimitHistory): Hour {
  return {
    used: byMinute(points.used, stepMs, (one, other) => Math.max(one, other)),
    refused: byMinute(points.refused, stepMs, (one, other) => one + other),
  }
}

function byMinute(
  points: readonly number[],
  stepMs: number,
  join: (one: number, other: number) => number,
): (number | null)[] {
  const joined: (number | null)[] = [...unknownHour.used]
  points.forEach((point, index) => {
    const agoMs = (points.length - 1 - index) * stepMs
    const minute = minutes - 1 - Math.floor(agoMs / minuteMs)
    const before = joined[minute]
    // Points from before the hour have no minute in it.
    if (before !== undefined) joined[minute] = before === null ? point : join(before, point)
  })
  return joined
}

/** Every limit's, by its id. */
export function hoursOf(history: History | undefined): ReadonlyMap<string, Hour> {
  return new Map(history?.limits.map((points) => [points.id, hourOf(history, points)]))
}

export function refusedIn({ refused }: Hour): number {
  return refused.reduce<number>((sum, value) => sum + (value ?? 0), 0)
}
