// Reload (SEMANTICS S19): read everything anew, and change nothing unless all of it is right.

import type { Diagnostic, Severity } from '../base/diagnostic.ts'
import type { Log, LogLevelName } from '../base/log.ts'
import { changeCap } from '../policy/change-caps.ts'
import { diffPolicies } from '../policy/diff.ts'
import type { PolicyChange } from '../policy/diff.ts'
import { limitTable } from '../policy/limit-table.ts'
import type { LimitRow } from '../policy/limit-table.ts'
import type { Policy } from '../policy/policy.ts'
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
  /** What the daemon was started with. */
  readonly policy: Policy
  /** The same: its pid file stays where it is until the next start. */
  readonly settings: DaemonSettings
  /** Called when a configuration that was read is in force. */
  readonly onApplied: (applied: Applied) => Promise<void>
}

export interface Applied extends InForce {
  readonly sources: ReadonlyMap<string, string>
}

export interface ReloadOutcome {
  /** False: all is as before. */
  readonly isDone: boolean
  readonly diagnostics: readonly Diagnostic[]
  /** Why it failed, when no diagnostic says so. */
  readonly problem?: string
}

/** What a reload would do: `changes` is absent when the configuration is wrong. */
export interface ReloadPreview {
  readonly diagnostics: readonly Diagnostic[]
  readonly changes?: readonly PolicyChange[]
}

/** Why a cap stays as it is. */
export interface CapProblem {
  readonly code: 'unknown_limit' | 'bad_cap' | 'failed'
  readonly problem: string
}

/** What is in force. */
interface InForce {
  readonly policy: Policy
  readonly settings: DaemonSettings
}

/** Runs one reload at a time; requests that come meanwhile become one more. */
export class Reloader {
  readonly #options: ReloaderOptions
  #running: Promise<ReloadOutcome> | undefined
  #isRequestedAgain = false
  /** Reloads and changes of caps, one after the other. */
  #queue: Promise<unknown> = Promise.resolve()
  #inForce: InForce
  #failedTotal = 0

  constructor(options: ReloaderOptions) {
    this.#options = options
    const { policy, settings } = options
    this.#inForce = { policy, settings }
  }

  get settings(): DaemonSettings {
    return this.#inForce.settings
  }

  get policy(): Policy {
    return this.#inForce.policy
  }

  /** Reloads that changed nothing, since what was read is wrong or cannot be carried out. */
  get failedTotal(): number {
    return this.#failedTotal
  }

  /** Resolves when this request, or the later one it was joined with, is done. Never rejects. */
  request(): Promise<ReloadOutcome> {
    if (this.#running !== undefined) {
      this.#isRequestedAgain = true
      return this.#running
    }
    this.#running = this.#inTurn(() => this.#run())
    return this.#running
  }

  /** Resolves when no reload is under way. */
  async idle(): Promise<void> {
    await this.#queue
  }

  /** Reads the configuration as a reload would, and changes nothing. */
  preview(): ReloadPreview {
    const { policy, diagnostics } = this.#options.load()
    if (policy === undefined) return { diagnostics }
    return { diagnostics, changes: diffPolicies(this.#inForce.policy, policy) }
  }

  /** Puts another cap in force until the next reload; 0 is no limit. */
  changeCap(id: string, capMax: number): Promise<CapProblem | undefined> {
    return this.#inTurn(() => this.#changeCap(id, capMax))
  }

  /** What is done in turn never rejects. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done
    return done
  }

  async #changeCap(id: string, capMax: number): Promise<CapProblem | undefined> {
    const { plane, log } = this.#options
    const { policy, settings } = this.#inForce
    const row = limitTable(policy).find((one) => one.id === id)
    if (row === undefined) return { code: 'unknown_limit', problem: `There is no limit ${id}.` }
    const problem = problemOfCap(row, capMax)
    if (problem !== undefined) return { code: 'bad_cap', problem }
    const changed = changeCap(policy, row, capMax === 0 ? undefined : capMax)
    try {
      await plane.reload({ policy: changed, settings })
    } catch (error) {
      return { code: 'failed', problem: messageOf(error) }
    }
    this.#inForce = { policy: changed, settings }
    const was = capText(row.capMax)
    const text = `cap of ${id} changed from ${was} to ${capText(capMax)} until the next reload, revision ${plane.revision}`
    log.write('notice', { text, fields: { limit: id, cap: capMax } })
    return undefined
  }

  async #run(): Promise<ReloadOutcome> {
    let outcome: ReloadOutcome
    do {
      this.#isRequestedAgain = false
      this.#options.manager.reloading()
      outcome = await this.#reloadOnce()
      this.#options.manager.ready(`revision ${this.#options.plane.revision}`)
    } while (this.#isRequestedAgain)
    this.#running = undefined
    return outcome
  }

  async #reloadOnce(): Promise<ReloadOutcome> {
    const { log, plane, load } = this.#options
    const failed = `reload failed, revision ${plane.revision} stays in force`
    try {
      const { policy, settings, diagnostics, sources } = load()
      logDiagnostics(log, diagnostics)
      if (policy === undefined || settings === undefined) {
        this.#failedTotal += 1
        log.write('error', { text: failed })
        return { isDone: false, diagnostics }
      }
      await carryOut(this.#options, { policy, settings })
      this.#tellDropped()
      this.#inForce = { policy, settings }
      await this.#options.onApplied({ policy, settings, sources })
      return { isDone: true, diagnostics }
    } catch (error) {
      this.#failedTotal += 1
      log.write('emerg', { text: messageOf(error) })
      log.write('error', { text: failed })
      return { isDone: false, diagnostics: [], problem: messageOf(error) }
    }
  }

  #tellDropped(): void {
    const { changes = [] } = this.#inForce.policy
    if (changes.length === 0) return
    const ids = changes.map(({ id }) => id).join(', ')
    const text = `caps are as they are written again, after the changes of ${ids}`
    this.#options.log.write('notice', { text })
  }
}

async function carryOut(options: ReloaderOptions, { policy, settings }: InForce): Promise<void> {
  const { plane, log } = options
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
}

/** What the dialects take, too. */
const limitConnMax = 65_535

function problemOfCap({ option }: LimitRow, capMax: number): string | undefined {
  if (option !== 'limit_conn' || (capMax >= 1 && capMax <= limitConnMax)) return undefined
  return `The cap of a limit after authentication is 1 to ${limitConnMax}.`
}

function capText(capMax: number | undefined): string {
  return capMax === undefined || capMax === 0 ? 'no limit' : String(capMax)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
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
