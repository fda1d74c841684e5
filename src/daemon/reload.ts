// Reload (SEMANTICS S19): read everything anew, and change nothing unless all of it is right.

import type { Diagnostic, Severity } from '../base/diagnostic.ts'
import type { Log, LogLevelName } from '../base/log.ts'
import type { LoadedConfiguration } from './configuration.ts'
import type { ListenLog, LogTarget, PreparedTargets } from './daemon-log.ts'
import type { Plane } from './plane.ts'
import type { ServiceManager } from './service-manager.ts'
import type { DaemonSettings } from './settings.ts'

/** A log whose destinations a reload may replace. */
interface ReloadableLog extends Log {
  prepareTargets(
    targets: readonly LogTarget[],
    listenLogs: readonly ListenLog[],
  ): Promise<PreparedTargets>
}

export interface ReloaderOptions {
  readonly load: () => LoadedConfiguration
  readonly plane: Pick<Plane, 'revision' | 'reload' | 'report'>
  readonly log: ReloadableLog
  readonly manager: Pick<ServiceManager, 'reloading' | 'ready'>
  /** What the daemon was started with: its pid file stays where it is until the next start. */
  readonly settings: DaemonSettings
}

/** Runs one reload at a time; requests that come meanwhile become one more. */
export class Reloader {
  readonly #options: ReloaderOptions
  #running: Promise<void> | undefined
  #isRequestedAgain = false
  #settings: DaemonSettings

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#settings = options.settings
  }

  /** Those in force. */
  get settings(): DaemonSettings {
    return this.#settings
  }

  /** Resolves when this request, or the later one it was joined with, is done. Never rejects. */
  request(): Promise<void> {
    if (this.#running !== undefined) {
      this.#isRequestedAgain = true
      return this.#running
    }
    this.#running = this.#run()
    return this.#running
  }

  /** Resolves when no reload is under way. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    do {
      this.#isRequestedAgain = false
      this.#options.manager.reloading()
      try {
        this.#settings = (await reloadOnce(this.#options)) ?? this.#settings
      } catch (error) {
        this.#report(error)
      }
      this.#options.manager.ready(`revision ${this.#options.plane.revision}`)
    } while (this.#isRequestedAgain)
    this.#running = undefined
  }

  #report(error: unknown): void {
    const { log, plane } = this.#options
    log.write('emerg', { text: error instanceof Error ? error.message : String(error) })
    log.write('error', { text: `reload failed, revision ${plane.revision} stays in force` })
  }
}

/** The new settings; undefined when the configuration is wrong. */
async function reloadOnce(options: ReloaderOptions): Promise<DaemonSettings | undefined> {
  const { plane, log } = options
  const { policy, settings, diagnostics } = options.load()
  logDiagnostics(log, diagnostics)
  if (policy === undefined || settings === undefined) {
    log.write('error', { text: `reload failed, revision ${plane.revision} stays in force` })
    return undefined
  }
  const targets = await log.prepareTargets(settings.logTargets, settings.listenLogs)
  try {
    await plane.reload({ policy, settings })
  } catch (error) {
    await targets.discard()
    throw error
  }
  await targets.apply()
  if (settings.pidFile !== options.settings.pidFile) {
    log.write('warn', { text: 'the changed pid file takes effect at the next start' })
  }
  if (settings.workers !== options.settings.workers) {
    log.write('warn', { text: 'the changed number of workers takes effect at the next start' })
  }
  const { revision, bound, totals } = await plane.report()
  const listensBound = bound.length
  const { sessionsActive } = totals
  log.write('notice', {
    text: `reload done, revision ${revision}, ${listensBound} listens bound, ${sessionsActive} live sessions re-counted`,
    fields: { revision, listensBound, sessionsActive },
  })
  return settings
}

/** As nginx: an error in the configuration is `emerg`, and ends in FILE:LINE. */
export function logDiagnostics(log: Log, diagnostics: readonly Diagnostic[]): void {
  for (const { severity, message, span, code, hint } of diagnostics) {
    const where = span === undefined ? '' : ` in ${span.file}:${span.line}`
    const fields = { code, ...(hint === undefined ? {} : { hint }) }
    log.write(levels[severity], { text: `${message}${where}`, fields })
  }
}

const levels: Readonly<Record<Severity, LogLevelName>> = {
  error: 'emerg',
  warning: 'warn',
  note: 'notice',
}
