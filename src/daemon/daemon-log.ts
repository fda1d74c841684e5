// The daemon's log: the list of destinations for everything, and lists for the sessions of Listens
// that have logs of their own.

import type { Clock } from '../base/clock.ts'
import type { Log, LogEntry, LogLevelName } from '../base/log.ts'
import type { ErrorLogTarget } from '../policy/error-log.ts'
import { LogChannel } from './log-channel.ts'
import type { Destination } from './log-channel.ts'
import { LogFile } from './log-file.ts'
import { nginxFormat } from './log-format.ts'
import type { LineFormat, LogIdentity } from './log-format.ts'
import { kindOf } from './log-rate.ts'
import type { LogSink } from './log-sink.ts'
import { SyslogSink } from './syslog-sink.ts'

type LogFormatName = 'nginx' | 'json'

/** One destination. `path` is absolute, or `stderr`, or the text that names a syslog server. */
export interface LogTarget extends ErrorLogTarget {
  readonly format: LogFormatName
}

/** What the sessions of one Listen are logged to, in place of the log of everything. */
export interface ListenLog {
  readonly listenId: string
  readonly targets: readonly LogTarget[]
}

export interface DaemonLogOptions {
  readonly targets: readonly LogTarget[]
  readonly listenLogs?: readonly ListenLog[]
  readonly identity: LogIdentity
  readonly clock: Clock
  /** How many threads write this log, each with its part of the rate limits; absent: 1. */
  readonly shareCount?: number
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

/** All that is open at a time. */
interface Outlets {
  /** Each once, however many lists name it. */
  readonly sinks: readonly LogSink[]
  readonly main: LogChannel
  /** By Listen; two that have the same list share one channel. */
  readonly byListen: ReadonlyMap<string, LogChannel>
  readonly channels: readonly LogChannel[]
}

/** How often suppressed records are reported. */
const reportEveryMs = 1000

/** A Log with destinations that can be reopened and replaced while it is in use. */
export class DaemonLog implements Log {
  readonly #options: Pick<DaemonLogOptions, 'identity' | 'clock' | 'shareCount'>
  #outlets: Outlets
  #reportTimer: NodeJS.Timeout | undefined
  #suppressedTotal = 0
  #retiredDropped = 0
  #retiredErrors = 0

  private constructor(options: DaemonLogOptions, outlets: Outlets) {
    this.#options = options
    this.#outlets = outlets
  }

  /** Opens every destination; rejects with a PosternError when one cannot be opened. */
  static async open(options: DaemonLogOptions): Promise<DaemonLog> {
    return new DaemonLog(options, await openOutlets(options))
  }

  isEnabled(level: LogLevelName, server?: string): boolean {
    return this.#channelOf(server).isEnabled(level)
  }

  write(level: LogLevelName, entry: LogEntry): void {
    const channel = this.#channelOf(entry.server ?? entry.listen)
    if (channel.isEnabled(level)) this.#put(channel, level, kindOf(entry.text), () => entry)
  }

  /**
   * As `write`, with the record built only when it will be written: for records that come in
   * floods.
   */
  writeKind(level: LogLevelName, kind: string, build: () => LogEntry, server?: string): void {
    this.#put(this.#channelOf(server), level, kind, build)
  }

  /** Opens every file anew (USR1). A file that cannot be opened keeps its old descriptor. */
  reopen(): void {
    for (const sink of this.#outlets.sinks) {
      try {
        sink.reopen()
      } catch (error) {
        this.write('emerg', { text: error instanceof Error ? error.message : String(error) })
      }
    }
  }

  /** Opens new destinations without using them yet; rejects when one cannot be opened. */
  async prepareTargets(
    targets: readonly LogTarget[],
    listenLogs: readonly ListenLog[] = [],
  ): Promise<PreparedTargets> {
    const fresh = await openOutlets({ ...this.#options, targets, listenLogs })
    return {
      apply: () => this.#replaceOutlets(fresh),
      discard: () => closeAll(fresh.sinks),
    }
  }

  losses(): LogLosses {
    const { sinks } = this.#outlets
    return {
      suppressedTotal: this.#suppressedTotal,
      droppedTotal: sinks.reduce((sum, sink) => sum + sink.droppedCount, this.#retiredDropped),
      errorsTotal: sinks.reduce((sum, sink) => sum + sink.errorCount, this.#retiredErrors),
    }
  }

  /** Reports what was suppressed, writes what is queued, and closes every destination. */
  async close(): Promise<void> {
    clearTimeout(this.#reportTimer)
    this.#reportSuppressed()
    await closeAll(this.#outlets.sinks)
  }

  /** As `close`, blocking: for a process that is about to die. */
  closeNow(): void {
    this.#reportSuppressed()
    for (const sink of this.#outlets.sinks) sink.closeNow()
  }

  #channelOf(server: string | undefined): LogChannel {
    const { byListen, main } = this.#outlets
    if (server === undefined || byListen.size === 0) return main
    return byListen.get(server) ?? main
  }

  #put(channel: LogChannel, level: LogLevelName, kind: string, build: () => LogEntry): void {
    if (channel.write(level, kind, build)) return
    this.#suppressedTotal += 1
    this.#reportTimer ??= setTimeout(this.#onReportDue, reportEveryMs).unref()
  }

  async #replaceOutlets(fresh: Outlets): Promise<void> {
    // What the old lists have left out is told to them.
    this.#reportSuppressed()
    const { sinks } = this.#outlets
    this.#outlets = fresh
    await closeAll(sinks)
    for (const sink of sinks) {
      this.#retiredDropped += sink.droppedCount
      this.#retiredErrors += sink.errorCount
    }
  }

  #onReportDue = (): void => {
    this.#reportTimer = undefined
    this.#reportSuppressed()
  }

  #reportSuppressed(): void {
    for (const channel of this.#outlets.channels) channel.reportSuppressed()
  }
}

async function openOutlets(options: DaemonLogOptions): Promise<Outlets> {
  const { targets, listenLogs = [], clock, shareCount = 1 } = options
  const all = [targets, ...listenLogs.map((log) => log.targets)].flat()
  const formats = await formatsFor(all, options.identity)
  const sinks = await openSinks(all, clock)
  const channels = new Map<string, LogChannel>()
  const channelFor = (list: readonly LogTarget[]): LogChannel => {
    const key = JSON.stringify(list)
    const known = channels.get(key)
    if (known !== undefined) return known
    const destinations = list.flatMap((target): Destination[] => {
      const sink = sinks.get(target.path)
      return sink === undefined ? [] : [{ ...target, sink, format: formats[target.format] }]
    })
    const channel = new LogChannel(destinations, clock, shareCount)
    channels.set(key, channel)
    return channel
  }
  const main = channelFor(targets)
  const byListen = new Map(listenLogs.map((log) => [log.listenId, channelFor(log.targets)]))
  return { sinks: [...sinks.values()], main, byListen, channels: [...channels.values()] }
}

/** By path: a file that several lists name is opened once, so that its lines stay whole. */
async function openSinks(
  targets: readonly LogTarget[],
  clock: Clock,
): Promise<ReadonlyMap<string, LogSink>> {
  const opened = new Map<string, LogSink>()
  try {
    for (const { path, syslog: server } of targets) {
      if (opened.has(path)) continue
      const sink =
        server === undefined ? LogFile.open(path) : await SyslogSink.open({ server, clock })
      opened.set(path, sink)
    }
  } catch (error) {
    await closeAll([...opened.values()])
    throw error
  }
  return opened
}

async function closeAll(sinks: readonly LogSink[]): Promise<void> {
  await Promise.all(sinks.map((sink) => sink.close()))
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
