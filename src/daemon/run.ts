// The daemon from start to end: configuration, log, gateway, pid file, signals, exit.

import { PosternError } from '../base/errors.ts'
import { systemClock } from '../base/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import type { Engine } from '../engine/engine.ts'
import { createGateway } from '../gateway/create-gateway.ts'
import { HandedSockets } from '../gateway/handed-sockets.ts'
import type { GivenDescriptor } from '../gateway/handed-sockets.ts'
import type { Policy } from '../policy/policy.ts'
import { clusterSource } from './cluster-source.ts'
import { readConfiguration } from './configuration.ts'
import type { ConfigurationSource, LoadedConfiguration } from './configuration.ts'
import { isAnswering } from './control-client.ts'
import { Daemon } from './daemon.ts'
import { DaemonLog } from './daemon-log.ts'
import { logEvent } from './event-log.ts'
import { localFeed } from './feed/local-feed.ts'
import { EventRecord } from './event-record.ts'
import { stderrPath } from './log-file.ts'
import { isAlive, readPidFile } from './pid-file.ts'
import { LocalPlane } from './plane.ts'
import type { Plane } from './plane.ts'
import { logDiagnostics } from './reload.ts'
import { noManager, Systemd } from './service-manager.ts'
import type { ManagerAddress } from './service-manager.ts'
import { earlyLogTarget } from './settings.ts'
import type { DaemonSettings } from './settings.ts'
import { HostPlane } from './workers/host-plane.ts'

export interface RunOptions {
  readonly source: ConfigurationSource
  /**
   * Shows what is wrong with a configuration, with carets, to the person who started the daemon.
   */
  readonly showDiagnostics: (loaded: LoadedConfiguration) => void
  /** Called once, when every listener is bound and the pid file is written. */
  readonly onReady?: (settings: DaemonSettings) => void
  readonly writeError: (text: string) => void
  /** Listening sockets that this process was started with. */
  readonly given: readonly GivenDescriptor[]
  /** Who started it, and wants to be told how it is. */
  readonly manager?: ManagerAddress
}

/** Runs a daemon in this process until a signal ends it; answers its exit code. */
export async function runDaemon(options: RunOptions): Promise<number> {
  const loaded = readConfiguration(options.source)
  if (loaded.diagnostics.length > 0) options.showDiagnostics(loaded)
  const { policy, settings } = loaded
  if (policy === undefined || settings === undefined) {
    await logFailedStart(options, loaded)
    return 1
  }
  let log: DaemonLog
  try {
    log = await openLog(settings)
  } catch (error) {
    options.writeError(`postern: [emerg] ${messageOf(error)}\n`)
    return 1
  }
  logDiagnostics(log, loaded.diagnostics)
  const daemon = createDaemon(options, { policy, settings, log, sources: loaded.sources })
  try {
    await refuseSecondDaemon(settings, log)
    await daemon.start()
  } catch (error) {
    log.write('emerg', { text: messageOf(error) })
    if (!isOnStderr(settings)) options.writeError(`postern: [emerg] ${messageOf(error)}\n`)
    await daemon.abandon()
    return 1
  }
  options.onReady?.(settings)
  await daemon.ended
  return 0
}

interface Loaded {
  readonly policy: Policy
  readonly settings: DaemonSettings
  readonly log: DaemonLog
  readonly sources: ReadonlyMap<string, string>
}

function createDaemon(options: RunOptions, loaded: Loaded): Daemon {
  const { policy, settings, log, sources } = loaded
  const { manager } = options
  return new Daemon({
    plane: settings.workers === 1 ? localPlane(options, loaded) : hostPlane(options, loaded),
    log,
    policy,
    settings,
    manager: manager === undefined ? noManager : new Systemd(manager, log),
    sources,
    clock: systemClock,
    configuration: options.source.file,
    load: () => readConfiguration(options.source),
  })
}

/** Many threads, in a process of their own. */
function hostPlane({ source, given }: RunOptions, { policy, settings, log }: Loaded): Plane {
  const handed = HandedSockets.open(given, log)
  return new HostPlane({ policy, settings, log, prefix: source.prefix, handed })
}

/** One thread: this one. */
function localPlane({ source, given }: RunOptions, { policy, log }: Loaded): Plane {
  const { feed, subscribers } = localFeed(systemClock)
  const record = new EventRecord({ policy, clock: systemClock })
  const engine: Engine = createEngine({
    policy,
    clock: systemClock,
    nextOrder: feed.nextOrder,
    cluster: clusterSource({ worker: 1, prefix: source.prefix, environment: process.env }),
    onEvent: (event) => {
      record.onEvent(event, engine)
      logEvent(log, event)
      feed.onEvent(event)
    },
  })
  feed.follow(engine)
  const { prefix } = source
  const handed = HandedSockets.open(given, log)
  const gateway = createGateway({ engine, log, clock: systemClock, prefix, handed })
  return new LocalPlane({ engine, gateway, clock: systemClock, record, feed, subscribers })
}

/** What is wrong also goes to the log that `-e` names, where an init script's user will look. */
async function logFailedStart(options: RunOptions, loaded: LoadedConfiguration): Promise<void> {
  const target = earlyLogTarget(options.source)
  if (target.path === stderrPath) return
  try {
    const log = await openLog({ logTargets: [target], listenLogs: [] })
    logDiagnostics(log, loaded.diagnostics)
    await log.close()
  } catch (error) {
    options.writeError(`postern: [alert] ${messageOf(error)}\n`)
  }
}

function openLog({
  logTargets,
  listenLogs,
}: Pick<DaemonSettings, 'logTargets' | 'listenLogs'>): Promise<DaemonLog> {
  const identity = { pid: process.pid, threadId: 0 }
  return DaemonLog.open({ targets: logTargets, listenLogs, identity, clock: systemClock })
}

/**
 * nginx would overwrite the pid file of a live daemon, which then can no longer be signalled. The
 * pid alone proves nothing, it may have been given to another process since; a live one that also
 * answers on the control socket is another Postern.
 */
async function refuseSecondDaemon(settings: DaemonSettings, log: DaemonLog): Promise<void> {
  const { pidFile, controlSocket } = settings
  const found = readPidFile(pidFile)
  if (found.kind === 'absent') return
  if (found.kind === 'pid' && found.pid !== process.pid && isAlive(found.pid)) {
    if (await isAnswering(controlSocket)) {
      const message = `postern is already running as process ${found.pid} with pid file "${pidFile}"`
      throw new PosternError('daemon.already_running', message)
    }
  }
  log.write('notice', { text: `stale pid file "${pidFile}" is overwritten` })
}

function isOnStderr(settings: DaemonSettings): boolean {
  return settings.logTargets.some((target) => target.path === stderrPath)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
