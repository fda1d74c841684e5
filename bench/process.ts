// Child processes of the harness: started, waited for, measured through /proc, and stopped.

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'

/** A measured server that listens; `pids` are its process and its children. */
export interface Daemon {
  readonly port: number
  /** Of a gate that logs clients in: a port for each protocol. */
  readonly ports?: LoginPorts
  readonly pids: readonly number[]
  stop(): Promise<void>
}

/** Where clients of each protocol go; `imaps` is inside TLS from the first byte. */
export interface LoginPorts {
  readonly imap: number
  readonly pop3: number
  readonly smtp: number
  readonly imaps: number
}

/** The port of a gate that was started to log clients in. */
export function portOf({ ports }: Daemon, name: keyof LoginPorts): number {
  if (ports === undefined) throw new Error('this server was not started for logins')
  return ports[name]
}

export interface DaemonOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly port: number
  readonly directory: string
}

// A server that has not bound its port by then has failed; a cold Node needs half a second.
const startMs = 15_000
// A server asked to stop gets this long before it is killed.
const stopMs = 5_000
const pollMs = 20
// Enough of a failed server's words to see why it failed.
const wordsMaxBytes = 4_096

/** Starts a server and resolves when it listens on its port. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { command, args, port, directory } = options
  const child = spawn(command, args, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: withSbin(process.env),
  })
  const onHarnessExit = (): void => void child.kill('SIGKILL')
  process.once('exit', onHarnessExit)
  child.once('exit', () => process.off('exit', onHarnessExit))
  let words = ''
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  const listen = (text: Buffer): void => {
    if (words.length < wordsMaxBytes) words += text.toString()
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  for (let waitedMs = 0; !isListening(port); waitedMs += pollMs) {
    if (failure !== undefined || child.exitCode !== null || waitedMs > startMs) {
      child.kill('SIGKILL')
      throw new Error(`${command} did not listen: ${failure?.message ?? ''}${words}`)
    }
    await sleep(pollMs)
  }
  const pid = child.pid ?? 0
  return { port, pids: treeOf(pid), stop: () => stopChild(child) }
}

/** Debian keeps servers in sbin directories that an ordinary user's PATH does not name. */
export function withSbin(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, PATH: `${env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` }
}

/** Asks a child to end, kills it when it does not, and resolves when it is gone. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await gone
  clearTimeout(timer)
}

/** Asks the kernel, not the port: a trial connection would be a session of the measured server. */
function isListening(port: number): boolean {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .some((line) => {
      const [, local, , state] = line.trim().split(/\s+/)
      // 0A is TCP_LISTEN.
      return local === address && state === '0A'
    })
}

/** A process and all below it. */
export function treeOf(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = readStat(`/proc/${name}/stat`)
    if (fields !== undefined) parents.set(Number(name), Number(fields[1]))
  }
  const tree = [root]
  for (const at of tree) {
    for (const [pid, parent] of parents) if (parent === at) tree.push(pid)
  }
  return tree
}

/** The fields of a stat file from the state on: the command's name before it may hold blanks. */
function readStat(path: string): string[] | undefined {
  const text = readText(path)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** A process may end between being listed and being read. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** CPU time of the processes so far, all threads, in nanoseconds where the kernel tells them. */
export function cpuNs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (scheduledNs(pid) ?? tickedNs(pid)), 0)
}

function scheduledNs(pid: number): number | undefined {
  let sum = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readText(`/proc/${pid}/task/${thread}/schedstat`)
    if (text === undefined) return undefined
    sum += Number(text.split(' ')[0])
  }
  return sum === 0 ? undefined : sum
}

/** User and system time in clock ticks, which Linux shows as hundredths of a second. */
function tickedNs(pid: number): number {
  const fields = readStat(`/proc/${pid}/stat`) ?? []
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10_000_000
}

/**
 * Resident memory of a server, in bytes, as if it ran alone: its own pages, those that master and
 * worker share once, and the file pages of its largest process. Plain Pss would hand part of the
 * program's pages to whatever else happens to run the same program, such as the load processes.
 */
export function residentBytes(pids: readonly number[]): number {
  let anonymousKb = 0
  let fileKb = 0
  for (const pid of pids) {
    const text = readText(`/proc/${pid}/smaps_rollup`) ?? ''
    anonymousKb += kilobytesIn(text, 'Pss_Anon')
    fileKb = Math.max(fileKb, kilobytesIn(text, 'Rss') - kilobytesIn(text, 'Anonymous'))
  }
  return (anonymousKb + fileKb) * 1024
}

function kilobytesIn(rollup: string, field: string): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1]
  if (kilobytes === undefined) throw new Error(`the kernel does not tell ${field}`)
  return Number(kilobytes)
}
