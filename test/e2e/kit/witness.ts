// The outside witness: what the kernel says about the sockets and descriptors of a process. It
// shares no code with what it watches and needs no tools beyond /proc.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { until } from './until.ts'

/** One TCP socket that a process holds. */
export interface KernelSocket {
  readonly inode: number
  readonly state: SocketState
  readonly localPort: number
  readonly remotePort: number
}

export type SocketState = (typeof states)[number]

/** In the order of the kernel's tcp_states.h, which counts from 1. */
const states = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
] as const

/** Every TCP socket whose descriptor the process holds now. */
export function socketsOf(pid: number): KernelSocket[] {
  // The table first: a socket closed in between drops out, and none is counted that was never held.
  const table = [...readTable('/proc/net/tcp'), ...readTable('/proc/net/tcp6')]
  const held = socketInodes(pid)
  return table.filter((socket) => held.has(socket.inode))
}

/**
 * How many sockets the process has that still carry a session: established, or half closed by the
 * client. `ports` are the ports it listens on.
 */
export function sessionsHeld(pid: number, ports: readonly number[]): number {
  return sessionSockets(pid, ports).length
}

function sessionSockets(pid: number, ports: readonly number[]): KernelSocket[] {
  return socketsOf(pid).filter(
    ({ localPort, state }) =>
      ports.includes(localPort) && (state === 'ESTABLISHED' || state === 'CLOSE_WAIT'),
  )
}

/** Number of open descriptors. */
export function descriptorCount(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Number of open descriptors once it stands still: a question's own connection takes a moment. */
export async function settledDescriptors(pid: number): Promise<number> {
  let last = -1
  return until('a steady number of descriptors', () => {
    const now = descriptorCount(pid)
    const isSteady = now === last
    last = now
    return isSteady && now
  })
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (found === null) throw new Error(`no VmRSS of ${pid}`)
  return Number(found[1]) * 1024
}

/** A process and the port of its upstream. */
export interface Watched {
  readonly pid: number
  readonly port: number
}

/**
 * Watches the connections from processes to their upstreams, all together. One look at the table is not one instant,
 * so a socket counts only when two looks in a row both saw it: it was there in between, together
 * with every other one of which that is true. The highest count is therefore never too high.
 */
export class UpstreamWatch {
  readonly #watched: readonly Watched[]
  #timer: NodeJS.Timeout
  #before: ReadonlySet<number> = new Set()
  #highestCount = 0

  constructor(...watched: readonly Watched[]) {
    this.#watched = watched
    this.#timer = setTimeout(() => this.#look(), 0)
  }

  get highestCount(): number {
    return this.#highestCount
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #look(): void {
    const startMs = performance.now()
    const now = new Set<number>()
    for (const { pid, port } of this.#watched) {
      for (const { remotePort, state, inode } of socketsOfLiving(pid)) {
        if (remotePort === port && state === 'ESTABLISHED') now.add(inode)
      }
    }
    const both = [...now].filter((inode) => this.#before.has(inode))
    this.#before = now
    this.#highestCount = Math.max(this.#highestCount, both.length)
    // Never more than a third of the time: the rest is for what is being watched.
    const tookMs = performance.now() - startMs
    this.#timer = setTimeout(() => this.#look(), Math.max(4, 2 * tookMs))
  }
}

/** None of a process that has ended meanwhile. */
function socketsOfLiving(pid: number): KernelSocket[] {
  try {
    return socketsOf(pid)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/**
 * sl local_address rem_address st tx:rx tr:tm->when retrnsmt uid timeout inode …
 * Sockets in TIME_WAIT (06), of which a busy machine has many thousands, belong to nobody.
 */
const rowPattern =
  /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) (0[^6]) \S+ \S+ \S+ +\d+ +\d+ (\d+) /gm

function readTable(path: string): KernelSocket[] {
  const sockets: KernelSocket[] = []
  for (const row of readFileSync(path, 'latin1').matchAll(rowPattern)) {
    const [, local = '', remote = '', stateHex = '', inode] = row
    const state = states[Number.parseInt(stateHex, 16) - 1]
    // Inode 0: nobody holds it, as before accept().
    if (state === undefined || inode === '0') continue
    const localPort = Number.parseInt(local, 16)
    sockets.push({
      inode: Number(inode),
      state,
      localPort,
      remotePort: Number.parseInt(remote, 16),
    })
  }
  return sockets
}

function socketInodes(pid: number): Set<number> {
  const inodes = new Set<number>()
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]
    if (inode !== undefined) inodes.add(Number(inode))
  }
  return inodes
}

/** The descriptor may be closed between listing and reading. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
