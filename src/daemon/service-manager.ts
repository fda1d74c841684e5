// What systemd is told of the daemon (sd_notify). Node has no Unix datagram sockets, so systemd's own
// `systemd-notify` sends each message; a shell that is started once starts it, since starting a
// program from a process with much memory would hold its sessions up
// (docs/decisions/0019-telling-systemd.md).

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Log } from '../base/log.ts'

/** How a daemon is watched by whoever started it. */
export interface ServiceManager {
  /** Every Listen is bound, or a reload is over. */
  ready(status: string): void
  reloading(): void
  stopping(status: string): void
  /** All is well; to be said again before `watchdogMs` have passed. */
  alive(): void
  /** Absent: nobody waits for `alive`. */
  readonly watchdogMs?: number
}

/** Nobody wants to be told. */
export const noManager: ServiceManager = {
  ready: () => {},
  reloading: () => {},
  stopping: () => {},
  alive: () => {},
}

const variables = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const

/** What the environment says of the one who started this process. */
export interface ManagerAddress {
  readonly socket: string
  readonly watchdogMs?: number
}

/** Whom to tell; undefined when nobody asked. `pids` as in activation.ts. */
export function managerOf(
  env: Readonly<NodeJS.ProcessEnv>,
  pids: readonly number[],
): ManagerAddress | undefined {
  const { NOTIFY_SOCKET: socket = '', WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env
  if (socket === '') return undefined
  const isOurs = pid === undefined || pids.includes(Number(pid))
  const watchdogMs = Number(usec) / 1000
  return { socket, ...(isOurs && watchdogMs > 0 ? { watchdogMs } : {}) }
}

/** What we start must not speak for us. */
export function forgetManager(env: NodeJS.ProcessEnv): void {
  for (const variable of variables) Reflect.deleteProperty(env, variable)
}

/**
 * One message per line, its assignments between tabs. Signals to the whole group are for the
 * daemon; the end of its input is the shell's end.
 */
const script = `command -v systemd-notify >/dev/null || exit 127
trap '' HUP INT QUIT TERM USR1 USR2
set -f
IFS='\t'
while read -r line; do systemd-notify $line; done`

const missingProgram = 127
/** Messages that nobody takes are dropped beyond this: systemd will act on their absence. */
const waitingBytesMax = 64 * 1024

/** Tells systemd, as long as the shell lives. */
export class Systemd implements ServiceManager {
  readonly watchdogMs?: number
  readonly #child: ChildProcess
  readonly #log: Log

  constructor({ socket, watchdogMs }: ManagerAddress, log: Log) {
    this.#log = log
    if (watchdogMs !== undefined) this.watchdogMs = watchdogMs
    const { PATH } = process.env
    this.#child = spawn('/bin/sh', ['-c', script], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...(PATH === undefined ? {} : { PATH }), NOTIFY_SOCKET: socket },
    })
    this.#child.on('error', (error) => this.#lost(error.message))
    this.#child.stdin?.on('error', () => {})
    this.#child.on('exit', (code) => {
      const why = code === missingProgram ? 'systemd-notify is not installed' : 'its helper ended'
      this.#lost(why)
    })
    // It lives as long as the daemon, and keeps nobody alive.
    this.#child.unref()
  }

  ready(status: string): void {
    this.#send('READY=1', `MAINPID=${process.pid}`, `STATUS=${status}`)
  }

  reloading(): void {
    const microseconds = process.hrtime.bigint() / 1000n
    this.#send('RELOADING=1', `MONOTONIC_USEC=${microseconds}`, 'STATUS=reloading')
  }

  stopping(status: string): void {
    this.#send('STOPPING=1', `STATUS=${status}`)
  }

  alive(): void {
    this.#send('WATCHDOG=1')
  }

  /** `assignments` are ours: no tab and no line end is in them. */
  #send(...assignments: readonly string[]): void {
    const { stdin } = this.#child
    if (stdin === null || stdin.destroyed || stdin.writableLength > waitingBytesMax) return
    stdin.write(`${assignments.join('\t')}\n`)
  }

  #lost(why: string): void {
    this.#log.write('warn', { text: `systemd cannot be told how the daemon is: ${why}` })
  }
}
