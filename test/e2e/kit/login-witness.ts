// The outside witnesses of a limit per user: the mail servers behind the gate, which see who is
// logged in over each connection, and the kernel, which sees the connections themselves.

import type { Socket } from 'node:net'
import { until } from './until.ts'
import { socketsOf } from './witness.ts'

const userPattern = /\bu\d+\b/

/** Counts the connections of each user at the mail servers; `watch` sees every one of them. */
export class LoginWitness {
  readonly #users = new Map<number, string>()
  readonly #open = new Map<string, number>()
  /** The most that any user had open at once, as the mail servers saw it. */
  highest = 0
  loginCount = 0

  readonly watch = (socket: Socket): void => {
    const { remotePort } = socket
    if (remotePort === undefined) return
    let user: string | undefined
    socket.on('data', (chunk: Buffer) => {
      // The name comes after at least one answer of ours, and by then we have read the end of every
      // connection that the gate had closed before it opened this one.
      user ??= this.#enter(remotePort, userPattern.exec(chunk.toString('latin1'))?.[0])
    })
    const leave = (): void => {
      if (user === undefined) return
      this.#users.delete(remotePort)
      this.#open.set(user, (this.#open.get(user) ?? 0) - 1)
      user = undefined
      socket.removeAllListeners('data')
    }
    socket.on('end', leave)
    socket.on('close', leave)
  }

  /** Who is logged in over the connection from this port. */
  userOf(port: number): string | undefined {
    return this.#users.get(port)
  }

  #enter(port: number, user: string | undefined): string | undefined {
    if (user === undefined) return undefined
    const count = (this.#open.get(user) ?? 0) + 1
    this.#users.set(port, user)
    this.#open.set(user, count)
    this.loginCount += 1
    this.highest = Math.max(this.highest, count)
    return user
  }
}

/**
 * Looks at the kernel's table again and again. A socket counts when two looks in a row saw it: it
 * was there in between, together with every other one of which that is true.
 */
export class KernelLoginWitness {
  readonly #pid: number
  readonly #witness: LoginWitness
  #timer: NodeJS.Timeout
  #before: ReadonlySet<number> = new Set()
  lookCount = 0
  /** The most sockets to mail servers that any user had at once. */
  highest = 0

  constructor(pid: number, witness: LoginWitness) {
    this.#pid = pid
    this.#witness = witness
    this.#timer = setTimeout(() => this.#look(), 0)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Waits until it has looked so many times more. */
  async looks(times: number): Promise<void> {
    const wanted = this.lookCount + times
    // A look reads a table of all sockets of the machine, and others keep its processors busy.
    await until(`${times} looks at the kernel`, () => this.lookCount >= wanted, 120_000)
  }

  #look(): void {
    const startMs = performance.now()
    const now = new Set<number>()
    const counts = new Map<string, number>()
    for (const { state, inode, localPort } of socketsOf(this.#pid)) {
      const user = state === 'ESTABLISHED' ? this.#witness.userOf(localPort) : undefined
      if (user === undefined) continue
      now.add(inode)
      if (this.#before.has(inode)) counts.set(user, (counts.get(user) ?? 0) + 1)
    }
    this.#before = now
    this.lookCount += 1
    this.highest = Math.max(this.highest, ...counts.values())
    // Never more than a quarter of the time: the rest is for what is being watched.
    const tookMs = performance.now() - startMs
    this.#timer = setTimeout(() => this.#look(), Math.max(4, 3 * tookMs))
  }
}
