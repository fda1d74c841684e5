// How full each limit was, and what it refused, over the last hour: a point every ten seconds, for
// sparklines. Taken only while there is an admin API.

import type { Clock } from '../base/clock.ts'
import type { HistoryAnswer, Limits } from './answers.ts'
import type { AdminView } from './view.ts'

const stepMs = 10_000
/** An hour. */
const pointsMax = 360
/** Two numbers of four bytes each point: 1.4 MB with as many limits. What comes after has no history. */
const limitsMax = 500

/** Points in a ring, all limits' at the same place. */
interface Series {
  readonly used: Int32Array
  readonly refused: Int32Array
  /** As of the point before. */
  refusedTotal: number
  /** The place of its first point, counted from the beginning of all. */
  readonly since: number
}

export class History {
  readonly #view: Pick<AdminView, 'limits'>
  readonly #clock: Clock
  readonly #series = new Map<string, Series>()
  #timer: NodeJS.Timeout | undefined
  #pointCount = 0
  #untilMs = 0

  constructor(view: Pick<AdminView, 'limits'>, clock: Clock) {
    this.#view = view
    this.#clock = clock
  }

  start(): void {
    const takePoint = (): void => {
      this.take().catch(() => {
        // A gate that cannot answer now has a gap of one step.
      })
    }
    this.#timer = setInterval(takePoint, stepMs)
    this.#timer.unref()
    takePoint()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Takes a point now. */
  async take(): Promise<void> {
    const answer = await this.#view.limits()
    if (answer.ok) this.#add(answer.result)
  }

  report(): HistoryAnswer {
    const limits = Array.from(this.#series, ([id, series]) => ({
      id,
      used: this.#points(series, series.used),
      refused: this.#points(series, series.refused),
    }))
    return { stepMs, untilMs: this.#untilMs, limits }
  }

  #add({ limits }: Limits): void {
    const present = new Set(limits.map(({ id }) => id))
    // A limit that a reload removed takes its history along.
    for (const id of this.#series.keys()) if (!present.has(id)) this.#series.delete(id)
    const at = this.#pointCount % pointsMax
    for (const { id, usedCount, refusedTotal } of limits) {
      const series = this.#seriesOf(id, refusedTotal)
      if (series === undefined) continue
      series.used[at] = usedCount
      series.refused[at] = Math.max(0, refusedTotal - series.refusedTotal)
      series.refusedTotal = refusedTotal
    }
    this.#pointCount += 1
    this.#untilMs = this.#clock.wallMs()
  }

  #seriesOf(id: string, refusedTotal: number): Series | undefined {
    const known = this.#series.get(id)
    if (known !== undefined) return known
    if (this.#series.size >= limitsMax) return undefined
    const [used, refused] = [new Int32Array(pointsMax), new Int32Array(pointsMax)]
    // What was refused before the first point was refused in no step.
    const made: Series = { used, refused, refusedTotal, since: this.#pointCount }
    this.#series.set(id, made)
    return made
  }

  /** The oldest first. */
  #points({ since }: Series, ring: Int32Array): number[] {
    const first = Math.max(since, this.#pointCount - pointsMax)
    return Array.from(
      { length: this.#pointCount - first },
      (_, index) => ring[(first + index) % pointsMax] ?? 0,
    )
  }
}
