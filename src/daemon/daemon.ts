// One running daemon: bound gateway, control socket, pid file, and its answers to signals.

import { constants } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { unreachable } from '../base/assert.ts'
import type { Policy } from '../policy/policy.ts'
import { AdminHost } from './admin/admin-host.ts'
import { DaemonView } from './admin/admin-view.ts'
import { ConfigurationLines } from './admin/configuration-lines.ts'
import { answerRequest } from './answers.ts'
import type { AnswerSources } from './answers.ts'
import type { LoadedConfiguration } from './configuration.ts'
import type { ControlResponse, LimitsReport, SetLimitRequest } from './control-protocol.ts'
import { ControlSocket } from './control-socket.ts'
import type { DaemonLog } from './daemon-log.ts'
import { removePidFile, writePidFile } from './pid-file.ts'
import type { Plane } from './plane.ts'
import { Reloader } from './reload.ts'
import type { ServiceManager } from './service-manager.ts'
import type { Applied } from './reload.ts'
import type { DaemonSettings } from './settings.ts'
import { onSignals } from './signals.ts'
import type { SignalAction } from './signals.ts'
import { Watchdog } from './watchdog.ts'
import { readVersion } from './version.ts'

export interface DaemonParts {
  readonly plane: Plane
  readonly log: DaemonLog
  readonly policy: Policy
  readonly settings: DaemonSettings
  readonly manager: ServiceManager
  /** The texts that the policy was read from. */
  readonly sources: ReadonlyMap<string, string>
  readonly clock: Clock
  /** The configuration file, for `status`. */
  readonly configuration: string
  readonly load: () => LoadedConfiguration
}

type State = 'starting' | 'running' | 'draining' | 'stopping'

/** Nothing else keeps a process alive that has no Listen enabled; any long time will do. */
const keepAliveMs = 3_600_000

/**
 * "Now" includes a last line to those who are not relayed yet; nginx kills its workers after 1.5 s.
 */
const stopWaitMs = 2000

export class Daemon {
  readonly #parts: DaemonParts
  readonly #reloader: Reloader
  /** Resolves when the daemon has stopped and its log is closed. */
  readonly ended: Promise<void>
  readonly #offSignals: () => void
  readonly #keepAlive = setInterval(() => {}, keepAliveMs)
  #state: State = 'starting'
  #isFinished = false
  #control: ControlSocket | undefined
  #watchdog: Watchdog | undefined
  readonly #lines = new ConfigurationLines()
  #admin: AdminHost | undefined
  #resolveEnded: () => void = () => {}
  #rejectEnded: (error: unknown) => void = () => {}

  constructor(parts: DaemonParts) {
    this.#parts = parts
    this.ended = new Promise((resolve, reject) => {
      this.#resolveEnded = resolve
      this.#rejectEnded = reject
    })
    this.#reloader = new Reloader({ ...parts, onApplied: (applied) => this.#onApplied(applied) })
    this.#lines.take(parts.policy, parts.sources)
    this.#offSignals = onSignals(this.#onSignal, this.#onUnknownSignal)
    process.on('uncaughtExceptionMonitor', this.#onCrash)
  }

  /** Binds everything, then writes the pid file: its presence means ready. */
  async start(): Promise<void> {
    const { plane, log, settings } = this.#parts
    log.write('notice', { text: `postern/${readVersion()}, node ${process.versions.node}` })
    await plane.start()
    const sources = this.#answerSources()
    await this.#bindControl(sources)
    await this.#startAdmin(sources)
    const { revision, bound } = await plane.report()
    writePidFile(settings.pidFile, process.pid)
    log.write('notice', { text: `ready, revision ${revision}, ${bound.length} listens bound` })
    // A signal that came too early was kept: the state says what it asked for.
    if (this.#state !== 'starting') {
      this.#stop()
      return
    }
    this.#state = 'running'
    this.#parts.manager.ready(`revision ${revision}, ${bound.length} listens bound`)
    this.#watch()
  }

  /** As long as every worker answers, whoever started us is told so. */
  #watch(): void {
    const { manager, log, plane } = this.#parts
    if (manager.watchdogMs === undefined) return
    // Workers that have finished their sessions have ended, as they should.
    const pulse = async (): Promise<void> => {
      if (this.#state === 'running') await plane.pulse()
    }
    this.#watchdog = new Watchdog({ manager, log, pulse }, manager.watchdogMs)
    this.#watchdog.start()
  }

  /** Undoes a start that failed half-way. */
  async abandon(): Promise<void> {
    await this.#parts.plane.close()
    await this.#finish()
  }

  /** Without a control socket the daemon serves all the same; only questions go unanswered. */
  async #bindControl(sources: AnswerSources): Promise<void> {
    const { settings, log, plane } = this.#parts
    try {
      this.#control = await ControlSocket.bind(settings.controlSocket, {
        answer: (request) => answerRequest(sources, request),
        events: { plane, workers: settings.workers },
      })
    } catch (error) {
      log.write('warn', { text: error instanceof Error ? error.message : String(error) })
    }
  }

  async #startAdmin(sources: AnswerSources): Promise<void> {
    const { settings, policy, plane, log, clock } = this.#parts
    if (settings.admin === undefined) return
    const view = new DaemonView({
      sources,
      plane,
      reloader: this.#reloader,
      lines: this.#lines,
      isRunning: () => this.#state === 'running',
      drain: () => this.#onQuit(),
    })
    this.#admin = await AdminHost.start({ view, log, clock }, settings.admin, policy)
  }

  async #onApplied({ policy, settings, sources }: Applied): Promise<void> {
    this.#lines.take(policy, sources)
    if (this.#admin !== undefined) await this.#admin.use(settings.admin, policy)
    else if (settings.admin !== undefined) {
      const text = 'the changed address of the admin API takes effect at the next start'
      this.#parts.log.write('warn', { text })
    }
  }

  #answerSources(): AnswerSources {
    const { plane, clock, configuration, log } = this.#parts
    return {
      plane,
      clock,
      configuration,
      version: readVersion(),
      startedMs: clock.monotonicMs(),
      startedAt: new Date(clock.wallMs()).toISOString(),
      logLosses: () => log.losses(),
      isDraining: () => this.#state === 'draining',
      changedLimits: () => (this.#reloader.policy.changes ?? []).map(({ id }) => id),
      setLimit: (request) => this.#setLimit(request),
    }
  }

  async #setLimit({ id, capMax }: SetLimitRequest): Promise<ControlResponse> {
    if (this.#state !== 'running') return { ok: false, problem: 'The daemon is on its way out.' }
    const problem = await this.#reloader.changeCap(id, capMax)
    if (problem !== undefined) return { ok: false, problem: problem.problem }
    const { plane } = this.#parts
    const answer = await plane.ask({ request: 'limits' })
    if (!answer.ok) return answer
    // Checked by the protocol: `limits` is answered with this.
    const { revision, limits } = answer.result as LimitsReport
    return { ok: true, result: { revision, limit: limits.find((limit) => limit.id === id) } }
  }

  #onSignal = (action: SignalAction, signal: NodeJS.Signals): void => {
    const { log } = this.#parts
    const received = `signal ${constants.signals[signal]} (${signal}) received`
    log.write('notice', { text: `${received}, ${doing[action]}` })
    switch (action) {
      case 'stop':
        this.#onStop()
        return
      case 'quit':
        this.#onQuit()
        return
      case 'reload':
        this.#onReload()
        return
      case 'reopen':
        log.reopen()
        this.#parts.plane.reopenLogs()
        return
      default:
        unreachable(action)
    }
  }

  #onUnknownSignal = (signal: NodeJS.Signals): void => {
    const text = `signal ${constants.signals[signal]} (${signal}) received, nothing is done: a new version needs a restart`
    this.#parts.log.write('warn', { text })
  }

  #onStop(): void {
    if (this.#state === 'starting') this.#state = 'stopping'
    else if (this.#state !== 'stopping') this.#stop()
  }

  #onQuit(): void {
    if (this.#state === 'starting') this.#state = 'stopping'
    if (this.#state !== 'running') return
    this.#state = 'draining'
    this.#parts.manager.stopping('finishing sessions')
    const drained = this.#reloader.idle().then(() => this.#drain())
    drained.then(this.#onGatewayEnded, this.#onFailure)
  }

  #drain(): Promise<void> {
    const { shutdownTimeoutMs: relayMs } = this.#reloader.settings
    return this.#parts.plane.drain(relayMs === undefined ? {} : { relayMs })
  }

  #onReload(): void {
    if (this.#state === 'running') {
      void this.#reloader.request()
      return
    }
    this.#parts.log.write('warn', { text: `${this.#state}, the reload is ignored` })
  }

  #stop(): void {
    this.#state = 'stopping'
    this.#parts.manager.stopping('exiting')
    const closed = this.#parts.plane.close()
    Promise.race([closed, wait(stopWaitMs)]).then(this.#onGatewayEnded, this.#onFailure)
  }

  #onGatewayEnded = (): void => {
    this.#finish().catch(this.#onFailure)
  }

  #onFailure = (error: unknown): void => {
    this.#rejectEnded(error)
  }

  async #finish(): Promise<void> {
    if (this.#isFinished) return
    this.#isFinished = true
    const { log, settings } = this.#parts
    clearInterval(this.#keepAlive)
    this.#watchdog?.stop()
    await this.#control?.close()
    await this.#admin?.close()
    removePidFile(settings.pidFile, process.pid)
    log.write('notice', { text: 'exit' })
    await log.close()
    this.#offSignals()
    process.off('uncaughtExceptionMonitor', this.#onCrash)
    this.#resolveEnded()
  }

  /** The process dies after this; the log must say why, and no pid file may outlive it. */
  #onCrash = (error: Error): void => {
    const { log, settings } = this.#parts
    log.write('alert', { text: `exiting on a defect: ${error.stack ?? error.message}` })
    log.closeNow()
    removePidFile(settings.pidFile, process.pid)
  }
}

const doing: Readonly<Record<SignalAction, string>> = {
  stop: 'exiting',
  quit: 'gracefully shutting down',
  reload: 'reconfiguring',
  reopen: 'reopening logs',
}
