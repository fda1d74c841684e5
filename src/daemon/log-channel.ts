// The logs of one list: a record goes through the rate limit, then to each destination whose level
// lets it through, in that destination's format.

import type { Clock } from '../base/clock.ts'
import type { LogEntry, LogLevelName } from '../base/log.ts'
import { logLevels } from '../policy/error-log.ts'
import type { LineFormat } from './log-format.ts'
import { isRateExempt, LogRate } from './log-rate.ts'
import type { LogSink } from './log-sink.ts'

/** One destination as a list has it: another list may have the same sink, with another level. */
export interface Destination {
  readonly sink: LogSink
  readonly level: LogLevelName
  readonly format: LineFormat
  /** A limit of its own, in place of the one per kind of record; 0 is none. */
  readonly recordsPerSecond?: number
}

interface RatedDestination extends Destination {
  readonly rate: LogRate | undefined
}

/** freenginx's words, when the limit of a log is reached. */
const limiting = 'too many log messages, limiting'

export class LogChannel {
  readonly #clock: Clock
  readonly #kinds: LogRate
  /** Those under the limit per kind. */
  readonly #plain: readonly Destination[]
  readonly #rated: readonly RatedDestination[]
  readonly #plainSeverityMax: number
  readonly #severityMax: number

  /** `shareCount`: how many write to the same destinations, each in a thread of its own. */
  constructor(destinations: readonly Destination[], clock: Clock, shareCount: number) {
    this.#clock = clock
    this.#kinds = new LogRate({ clock, shareCount })
    this.#plain = destinations.filter((found) => found.recordsPerSecond === undefined)
    this.#rated = destinations.flatMap((found) => ratedOf(found, { clock, shareCount }))
    this.#plainSeverityMax = severityMaxOf(this.#plain)
    this.#severityMax = severityMaxOf(destinations)
  }

  isEnabled(level: LogLevelName): boolean {
    return severityOf(level) <= this.#severityMax
  }

  /** Writes one record, built only when some destination takes it; false when a limit kept it out. */
  write(level: LogLevelName, kind: string, build: () => LogEntry): boolean {
    const severity = severityOf(level)
    if (severity > this.#severityMax) return true
    const isPlain = severity <= this.#plainSeverityMax
    const isAdmitted = isPlain && this.#kinds.admit(level, kind)
    const wanting = this.#rated.filter((found) => severity <= severityOf(found.level))
    const rated = wanting.filter((found) => admits(found, level))
    if (isAdmitted || rated.length > 0) {
      const entry = build()
      if (isAdmitted) this.#emit(this.#plain, level, entry)
      this.#emit(rated, level, entry)
    }
    return isAdmitted === isPlain && rated.length === wanting.length
  }

  /** Writes how much was left out since the last time. */
  reportSuppressed(): void {
    for (const { level, kind, count } of this.#kinds.takeSuppressed()) {
      const fields = { kind, suppressed: count }
      const text = `${kind}... and ${count} more like it were not logged`
      this.#emit(this.#plain, level, { text, fields })
    }
    for (const found of this.#rated) {
      const counts = found.rate?.takeSuppressed() ?? []
      const suppressed = counts.reduce((sum, { count }) => sum + count, 0)
      if (suppressed === 0) continue
      const text = `${limiting}: ${suppressed} were not logged`
      this.#emit([found], found.level, { text, fields: { suppressed } })
    }
  }

  #emit(destinations: readonly Destination[], level: LogLevelName, entry: LogEntry): void {
    const wallMs = this.#clock.wallMs()
    const severity = severityOf(level)
    for (const { sink, level: least, format } of destinations) {
      if (severity <= severityOf(least)) sink.write(format(level, entry, wallMs), level)
    }
  }
}

function ratedOf(
  found: Destination,
  shared: { readonly clock: Clock; readonly shareCount: number },
): RatedDestination[] {
  const { recordsPerSecond } = found
  if (recordsPerSecond === undefined) return []
  if (recordsPerSecond === 0) return [{ ...found, rate: undefined }]
  const rate = new LogRate({ ...shared, recordsPerSecond, burstCount: recordsPerSecond })
  return [{ ...found, rate }]
}

/** All records of a log share its limit, whatever their level and kind. */
function admits({ rate }: RatedDestination, level: LogLevelName): boolean {
  return rate === undefined || isRateExempt(level) || rate.admit('error', limiting)
}

function severityMaxOf(destinations: readonly Destination[]): number {
  return Math.max(-1, ...destinations.map(({ level }) => severityOf(level)))
}

/** 0 is `emerg`; larger is less severe. */
function severityOf(level: LogLevelName): number {
  return logLevels.indexOf(level)
}
