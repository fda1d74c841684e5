// What the daemon itself takes from a policy and from the command line: its files and its log.

import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import type { Endpoint } from '../base/address.ts'
import type { Diagnostic, Sourced, Span } from '../base/diagnostic.ts'
import type { ErrorLogTarget } from '../policy/error-log.ts'
import type { DaemonOptions, Policy } from '../policy/policy.ts'
import type { ListenLog, LogTarget } from './daemon-log.ts'
import { stderrPath } from './log-file.ts'

/** nginx's global directives from `-g`, which come before the file. Paths are as written. */
export interface GlobalDirectives {
  readonly pidFile?: string
  readonly errorLogs: readonly ErrorLogTarget[]
  readonly workers?: WorkerCount
  readonly isDaemon?: boolean
  /** What is to be said about the directives themselves. */
  readonly warnings?: readonly Diagnostic[]
}

/** Where a daemon is started: what relative paths are relative to, and what `-e` and `-g` say. */
export interface Launch {
  readonly prefix: string
  /** `-e`: the log until a configuration names one, and when it names none. */
  readonly earlyLog?: string
  readonly globals: GlobalDirectives
}

/** All paths absolute, `stderr` excepted. */
export interface DaemonSettings {
  readonly pidFile: string
  readonly controlSocket: string
  readonly logTargets: readonly LogTarget[]
  /** Listens whose sessions have logs of their own. */
  readonly listenLogs: readonly ListenLog[]
  readonly isDaemon: boolean
  /** Threads that carry the sessions; with 1 the daemon does so itself. */
  readonly workers: number
  /** How long relayed sessions may go on after a quit; absent: as long as they like. */
  readonly shutdownTimeoutMs?: number
  /** Absent: there is no admin API. */
  readonly admin?: AdminSettings
}

export interface AdminSettings {
  readonly endpoint: Endpoint
  readonly tokenFile?: string
  readonly certificate?: string
  readonly key?: string
}

type WorkerCount = number | 'auto'

export const noGlobals: GlobalDirectives = { errorLogs: [] }

const defaultPidFile = 'postern.pid'
/**
 * nginx logs from `error` up when a log is named without a level; with no log named at all there
 * is a person at the terminal, who also wants to see start, reload and stop.
 */
const unnamedLogLevel = 'notice'

/** The number, or one per processor. */
function workerCount(workers: WorkerCount): number {
  return workers === 'auto' ? availableParallelism() : workers
}

/** Settings of a daemon under a policy. */
export function settingsOf(policy: Policy, launch: Launch): DaemonSettings {
  const { daemon: options } = policy
  const written = launch.globals.pidFile ?? options.pidFile?.value ?? defaultPidFile
  const pidFile = resolve(launch.prefix, written)
  const shutdownTimeoutMs = options.shutdownTimeout?.value.ms
  return {
    pidFile,
    controlSocket: controlSocketFor(pidFile),
    logTargets: logTargetsOf(options, launch),
    listenLogs: listenLogsOf(policy, launch.prefix),
    isDaemon: launch.globals.isDaemon ?? options.isDetached?.value ?? false,
    workers: workerCount(launch.globals.workers ?? options.workers?.value ?? 1),
    ...(shutdownTimeoutMs === undefined ? {} : { shutdownTimeoutMs }),
    ...adminSettingsOf(options, launch.prefix),
  }
}

function adminSettingsOf(options: DaemonOptions, prefix: string): Pick<DaemonSettings, 'admin'> {
  const { admin, adminTokenFile, adminCertificate, adminKey } = options
  if (admin === undefined) return {}
  const { value } = admin
  const endpoint: Endpoint =
    value.kind === 'unix' ? { ...value, path: resolve(prefix, value.path) } : value
  const absolute = (file: { readonly value: string }): string => resolve(prefix, file.value)
  return {
    admin: {
      endpoint,
      ...(adminTokenFile === undefined ? {} : { tokenFile: absolute(adminTokenFile) }),
      ...(adminCertificate === undefined ? {} : { certificate: absolute(adminCertificate) }),
      ...(adminKey === undefined ? {} : { key: absolute(adminKey) }),
    },
  }
}

/** The log before a configuration has been read. */
export function earlyLogTarget(launch: Launch): LogTarget {
  const path = logPath({ path: launch.earlyLog ?? stderrPath }, launch.prefix)
  return { path, level: unnamedLogLevel, format: 'nginx' }
}

/** `postern.sock` beside `postern.pid`. */
function controlSocketFor(pidFile: string): string {
  const stem = pidFile.endsWith('.pid') ? pidFile.slice(0, -'.pid'.length) : pidFile
  return `${stem}.sock`
}

/**
 * What stands both in `-g` and in the file, which nginx calls an error; and what is not there yet.
 */
export function diagnoseSettings(
  options: DaemonOptions,
  launch: Launch,
  openFilesMax: number | undefined,
): Diagnostic[] {
  const { globals } = launch
  const found: Diagnostic[] = [...(globals.warnings ?? [])]
  if (globals.pidFile !== undefined && options.pidFile !== undefined) {
    found.push(duplicate('pid', options.pidFile.span))
  }
  if (globals.workers !== undefined && options.workers !== undefined) {
    found.push(duplicate('worker_processes', options.workers.span))
  }
  if (globals.isDaemon !== undefined && options.isDetached !== undefined) {
    found.push(duplicate('daemon', options.isDetached.span))
  }
  const { openFiles } = options
  if (openFiles !== undefined && openFilesMax !== undefined && openFilesMax < openFiles.value) {
    found.push(tooFewFiles(openFiles, openFilesMax))
  }
  return found
}

function tooFewFiles({ value, span }: Sourced<number>, openFilesMax: number): Diagnostic {
  return {
    severity: 'warning',
    code: 'daemon.open_files',
    message: `${value} open files are asked for, and this process may have ${openFilesMax}`,
    span,
    hint: `only who starts it can raise that: ulimit -n ${value}, or LimitNOFILE=${value} in its unit`,
  }
}

function logTargetsOf(options: DaemonOptions, launch: Launch): readonly LogTarget[] {
  const format = options.logFormat?.value ?? 'nginx'
  // As in nginx, several logs may be named, and each has its own level.
  const named = [...launch.globals.errorLogs]
  named.push(...(options.errorLogs?.value ?? []))
  if (named.length === 0) return [{ ...earlyLogTarget(launch), format }]
  return named.map((target) => ({ ...target, path: logPath(target, launch.prefix), format }))
}

/** As in nginx, a list of logs replaces the outer one. */
function listenLogsOf(policy: Policy, prefix: string): readonly ListenLog[] {
  const format = policy.daemon.logFormat?.value ?? 'nginx'
  return policy.listeners.flatMap((listener) =>
    listener.listens.flatMap((listen): ListenLog[] => {
      const { value } = listen.options.errorLogs ?? listener.options.errorLogs ?? {}
      if (value === undefined) return []
      const absolute = (target: ErrorLogTarget): string => logPath(target, prefix)
      const targets = value.map((target) => ({ ...target, path: absolute(target), format }))
      return [{ listenId: listen.id, targets }]
    }),
  )
}

function logPath(
  { path, syslog }: Pick<ErrorLogTarget, 'path' | 'syslog'>,
  prefix: string,
): string {
  return path === stderrPath || syslog !== undefined ? path : resolve(prefix, path)
}

function duplicate(directive: string, span: Span): Diagnostic {
  return {
    severity: 'error',
    code: 'daemon.duplicate_directive',
    message: `"${directive}" directive is duplicate`,
    span,
    hint: 'it also stands in -g on the command line; leave one of them out',
  }
}
