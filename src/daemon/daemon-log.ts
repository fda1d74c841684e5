// The daemon's log: every record goes through the rate limit, then to each destination whose level
// lets it through, in that destination's format.

import type { Clock } from '../base/clock.ts'
import type { Log, LogEntry, LogLevelName } from '../base/log.ts'
import { logLevels } from '../policy/policy.ts'
import { LogFile } from './log-file.ts'
import { nginxFormat } from './log-format.ts'
import type { LineFormat, LogIdentity } from './log-format.ts'
import { kindOf, LogRate } from './log-rate.ts'

type LogFormatName = 'nginx' | 'json'

/** One destination. `path` is absolute, or `stderr`. */
export interface LogTarget {
  readonly path: string
  readonly level: LogLevelName
  readonly format: LogFormatName
}

export interface DaemonLogOptions {
  readonly targets: readonly LogTarget[]
  readonly identity: LogIdentity
  readonly clock: Clock
}

/** How much of the log did not reach its destination. */
export interface LogLosses {
  readonly suppressedTotal: number
  readonly droppedTotal: number
  readonly errorsTotal: number
}

/** Destinations that are open and wait for a decision: one of the two is called, once. */
export interface PreparedTargets {
  apply(): Promise<void>
  discard(): Promise<void>
}

interface Destination {
  readonly file: LogFile
  readonly severityMax: number
  readonly format: LineFormat
}

/** How often suppressed records are reported. */
const reportEveryMs = 1000

/** A Log with destinations that can be reopened and replaced while it is in use. */
export class DaemonLog implements Log {
  readonly #identity: LogIdentity
  readonly #clock: Clock
  readonly #rate: LogRate
  #destinations: readonly Destination[]
  #severityMax: number
  #reportTimer: NodeJS.Timeout | undefined
  #suppressedTotal = 0
  #retiredDropped = 0
  #retiredErrors = 0

  private constructor(options: DaemonLogOptions, destinations: readonly Destination[]) {
    this.#identity = options.identity
    this.#clock = options.clock
    this.#rate = new LogRate({ clock: options.clock })
    this.#destinations = destinations
    this.#severityMax = severityMaxOf(destinations)
  }

  /** Opens every destination; rejects with a PosternError when one cannot be opened. */
  static async open(options: DaemonLogOptions): Promise<DaemonLog> {
    return new DaemonLog(options, await openAll(options.targets, options.identity))
  }

  isEnabled(level: LogLevelName): boolean {
    return severityOf(level) <= this.#severityMax
  }

  write(level: LogLevelName, entry: LogEntry): void {
    if (this.isEnabled(level) && this.#admits(level, kindOf(entry.text))) this.#emit(level, entry)
  }

  /**
   * As `write`, with the record built only when it will be written: for records that come in
   * floods.
   */
  writeKind(level: LogLevelName, kind: string, build: () => LogEntry): void {
    if (this.isEnabled(level) && this.#admits(level, kind)) this.#emit(level, build())
  }

  /** Opens every file anew (USR1). A file that cannot be opened keeps its old descriptor. */
  reopen(): void {
    for (const { file } of this.#destinations) {
      try {
        file.reopen()
      } catch (error) {
        this.write('emerg', { text: error instanceof Error ? error.message : String(error) })
      }
    }
  }

  /** Opens new destinations without using them yet; rejects when one cannot be opened. */
  async prepareTargets(targets: readonly LogTarget[]): Promise<PreparedTargets> {
    const fresh = await openAll(targets, this.#identity)
    return {
      apply: () => this.#replaceDestinations(fresh),
      discard: () => closeAll(fresh),
    }
  }

  losses(): LogLosses {
    const files = this.#destinations.map((destination) => destination.file)
    return {
      suppressedTotal: this.#suppressedTotal,
      droppedTotal: files.reduce((sum, file) => sum + file.droppedCount, this.#retiredDropped),
      errorsTotal: files.reduce((sum, file) => sum + file.errorCount, this.#retiredErrors),
    }
  }

  /** Reports what was suppressed, writes what is queued, and closes every destination. */
  async close(): Promise<void> {
    clearTimeout(this.#reportTimer)
    this.#reportSuppressed()
    await closeAll(this.#destinations)
  }

  /** As `close`, blocking: for a process that is about to die. */
  closeNow(): void {
    this.#reportSuppressed()
    for (const { file } of this.#destinations) file.closeNow()
  }

  async #replaceDestinations(fresh: readonly Destination[]): Promise<void> {
    const old = this.#destinations
    this.#destinations = fresh
    this.#severityMax = severityMaxOf(fresh)
    await closeAll(old)
    for (const { file } of old) {
      this.#retiredDropped += file.droppedCount
      this.#retiredErrors += file.errorCount
    }
  }

  #admits(level: LogLevelName, kind: string): boolean {
    if (this.#rate.admit(level, kind)) return true
    this.#suppressedTotal += 1
    this.#reportTimer ??= setTimeout(this.#onReportDue, reportEveryMs).unref()
    return false
  }

  #onReportDue = (): void => {
    this.#reportTimer = undefined
    this.#reportSuppressed()
  }

  #reportSuppressed(): void {
    for (const { level, kind, count } of this.#rate.takeSuppressed()) {
      const fields = { kind, suppressed: count }
      this.#emit(level, { text: `${kind}... and ${count} more like it were not logged`, fields })
    }
  }

  #emit(level: LogLevelName, entry: LogEntry): void {
    const wallMs = this.#clock.wallMs()
    const severity = severityOf(level)
    for (const { file, severityMax, format } of this.#destinations) {
      if (severity <= severityMax) file.write(format(level, entry, wallMs))
    }
  }
}

async function openAll(
  targets: readonly LogTarget[],
  identity: LogIdentity,
): Promise<readonly Destination[]> {
  const formats = await formatsFor(targets, identity)
  const opened: Destination[] = []
  try {
    for (const { path, level, format } of targets) {
      const severityMax = severityOf(level)
      opened.push({ file: LogFile.open(path), severityMax, format: formats[format] })
    }
  } catch (error) {
    await closeAll(opened)
    throw error
  }
  return opened
}

async function closeAll(destinations: readonly Destination[]): Promise<void> {
  await Promise.all(destinations.map(({ file }) => file.close()))
}

/** pino is loaded only when somebody wants JSON. */
async function formatsFor(
  targets: readonly LogTarget[],
  identity: LogIdentity,
): Promise<Readonly<Record<LogFormatName, LineFormat>>> {
  const nginx = nginxFormat(identity)
  if (targets.every((target) => target.format === 'nginx')) return { nginx, json: nginx }
  const { jsonFormat } = await import('./json-log.ts')
  return { nginx, json: jsonFormat(identity) }
}

function severityMaxOf(destinations: readonly Destination[]): number {
  return Math.max(-1, ...destinations.map((destination) => destination.severityMax))
}

/** 0 is `emerg`; larger is less severe. */
function severityOf(level: LogLevelName): number {
  return logLevels.indexOf(level)
}
