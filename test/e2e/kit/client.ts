// A mail client's socket, with everything it received kept, and every way of leaving.

import { connect } from 'node:net'
import type { NetConnectOpts, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { until, within } from './until.ts'

/** The line of SEMANTICS S6, as CONTRACT.md spells it. */
export const refusalLine = '421 4.4.5 Service unavailable, concurrency limit reached.\r\n'

export interface ClientOptions {
  readonly target: NetConnectOpts
  /** Sent in the instant the connection stands: a PROXY header, or talk that comes too early. */
  readonly first?: Buffer | string
  /** Implicit TLS; no certificate is verified. */
  readonly isTls?: boolean
}

/** One connection. It answers the other side's close with its own, unless told to hold. */
export class Client {
  readonly socket: Socket
  readonly isUnix: boolean
  readonly #received: Buffer[] = []
  #byteCount = 0
  readonly #closed: Promise<void>
  /** Keeps its own direction open after the other side has ended. */
  holdsOpen = false
  /** False: what comes is counted and dropped, for answers larger than a test should keep. */
  keepsBytes = true
  isConnected = false
  hasEnded = false
  isClosed = false
  error: NodeJS.ErrnoException | undefined

  constructor(options: ClientOptions) {
    const target = { ...options.target, allowHalfOpen: true }
    this.isUnix = 'path' in target
    const socket = options.isTls
      ? connectTls({ ...target, rejectUnauthorized: false })
      : connect(target)
    this.socket = socket
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on(options.isTls ? 'secureConnect' : 'connect', () => {
      this.isConnected = true
      if (options.first !== undefined) socket.write(options.first)
    })
    socket.on('data', (chunk: Buffer) => {
      this.#byteCount += chunk.length
      if (this.keepsBytes) this.#received.push(chunk)
    })
    socket.on('end', () => {
      this.hasEnded = true
      if (!this.holdsOpen) socket.end()
    })
    this.#closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true
        resolve()
      })
    })
  }

  /** Connected, greeted, and not ended by either side. */
  get isLive(): boolean {
    return this.isGreeted && !this.hasEnded && !this.isClosed && !this.socket.writableEnded
  }

  /** The upstream's banner has come. */
  get isGreeted(): boolean {
    return /^(220 |\* OK |\+OK )/.test(this.text)
  }

  /** All bytes so far, as text. */
  get text(): string {
    return Buffer.concat(this.#received).toString('latin1')
  }

  get byteCount(): number {
    return this.#byteCount
  }

  /** Sends a line, or raw bytes. */
  send(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  /** Sends one command line and resolves with what comes back up to a whole reply line. */
  async command(line: string): Promise<string> {
    const start = this.text.length
    this.send(`${line}\r\n`)
    return this.#replyAfter(start, line)
  }

  /** Resolves once the text has come. */
  async receives(expected: string): Promise<void> {
    await until(
      () => `"${expected}" in ${this.describe()}`,
      () => this.text.includes(expected),
    )
  }

  /** What this client has lived through, for messages. */
  describe(): string {
    const states = [
      this.isConnected ? 'connected' : 'not connected',
      ...(this.hasEnded ? ['ended by the other side'] : []),
      ...(this.isClosed ? ['closed'] : []),
      ...(this.error === undefined ? [] : [String(this.error)]),
    ]
    return `client (${states.join(', ')}) that read ${JSON.stringify(this.text.slice(0, 300))}`
  }

  /** Resolves when the connection is over in both directions. */
  async over(): Promise<void> {
    await within(() => `close of ${this.describe()}`, this.#closed)
  }

  /** Leaves in good manners: says its end, and waits for the other's. */
  async close(): Promise<void> {
    this.holdsOpen = false
    this.socket.end()
    await this.over()
  }

  /** Leaves with an RST, as a killed process with unread data does. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Resolves with true when the upstream's banner came, with false when the 421 line and the end did. */
  async isAdmitted(): Promise<boolean> {
    await until(
      () => `banner or refusal for ${this.describe()}`,
      () => this.isClosed || this.text.includes('\r\n'),
    )
    if (this.isGreeted) return true
    await this.over()
    if (this.text === refusalLine && this.hasEnded && this.error === undefined) return false
    throw new Error(`neither admitted nor refused in order: ${this.describe()}`)
  }

  async #replyAfter(start: number, line: string): Promise<string> {
    return until(
      () => `reply to ${JSON.stringify(line.slice(0, 80))} for ${this.describe()}`,
      () => {
        const reply = this.text.slice(start)
        return /^\d{3} .*\r\n$/m.test(reply) && reply
      },
    )
  }
}

/** Resolves with the errno of a connection that does not come about, else with undefined. */
export function tryConnect(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.on('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
}
