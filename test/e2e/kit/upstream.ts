// A mail server to stand behind the gate: speaks as much SMTP as a client needs, remembers every
// connection, and can misbehave in the ways real ones do.

import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { until } from './until.ts'

export interface UpstreamOptions {
  /** Greets with this; the empty string is an upstream that says nothing. */
  readonly banner?: string
  /** Waits for a PROXY header before it greets. */
  readonly expectsProxyHeader?: boolean
  /** Answers QUIT and then leaves the connection open. */
  readonly holdsAfterQuit?: boolean
  /** Takes the place of the SMTP dialogue. */
  readonly serve?: (connection: UpstreamConnection) => void
}

export interface UpstreamConnection {
  readonly socket: Socket
  /** Every byte after the PROXY header, as far as `serve` leaves it to us. */
  received: Buffer
  /** Text of a v1 header, or hexadecimal digits of a v2 header. */
  proxyHeader?: string
  hasEnded: boolean
  isClosed: boolean
}

export const upstreamBanner = '220 upstream.test ESMTP ready\r\n'

/** Dialogues at once are counted two turns of the event loop late; see `#count`. */
const turnsBeforeCounting = 2

export class FakeUpstream {
  readonly connections: UpstreamConnection[] = []
  readonly #options: UpstreamOptions
  readonly #server: Server
  readonly #live = new Set<UpstreamConnection>()
  #port = 0
  #highestCount = 0
  isHoldingAfterQuit: boolean

  private constructor(options: UpstreamOptions) {
    this.#options = options
    this.isHoldingAfterQuit = options.holdsAfterQuit === true
    // Half open, so that a client's end does not end our answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#onConnection(socket))
  }

  static async start(options: UpstreamOptions = {}): Promise<FakeUpstream> {
    const upstream = new FakeUpstream(options)
    await upstream.listen()
    return upstream
  }

  get port(): number {
    return this.#port
  }

  /** `host:port`. */
  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** The most connections that were open at once. */
  get highestCount(): number {
    return this.#highestCount
  }

  get openCount(): number {
    return this.#live.size
  }

  /** Listens, again on the same port after `stopListening`. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: '127.0.0.1', port: this.#port, backlog: 511 }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    // A TCP server that listens has an AddressInfo.
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** From now on connections are refused; those that stand are left alone. */
  stopListening(): void {
    this.#server.close()
  }

  /** Drops every connection with an RST, as a machine that crashed and came back. */
  resetAll(): void {
    for (const { socket } of this.#live) socket.resetAndDestroy()
  }

  /** Ends every connection in order. */
  endAll(): void {
    for (const { socket } of this.#live) socket.end()
  }

  async hasConnections(count: number): Promise<void> {
    await until(
      () => `${count} connections at the upstream, which has ${this.#live.size}`,
      () => this.#live.size === count,
    )
  }

  close(): void {
    this.#server.close()
    for (const { socket } of this.#live) socket.destroy()
  }

  #onConnection(socket: Socket): void {
    const connection: UpstreamConnection = {
      socket,
      received: Buffer.alloc(0),
      hasEnded: false,
      isClosed: false,
    }
    this.connections.push(connection)
    this.#live.add(connection)
    socket.on('error', () => socket.destroy())
    socket.on('end', () => {
      connection.hasEnded = true
    })
    socket.on('close', () => {
      connection.isClosed = true
      this.#live.delete(connection)
    })
    this.#count(turnsBeforeCounting)
    if (this.#options.serve === undefined) this.#converse(connection)
    else this.#options.serve(connection)
  }

  /**
   * A connection that the gate has closed may be accepted in the same turn as its successor. Its
   * end is read one turn later, so by the second turn only what is really open is counted.
   */
  #count(turnsLeft: number): void {
    if (turnsLeft > 0) {
      setImmediate(() => this.#count(turnsLeft - 1))
      return
    }
    const open = [...this.#live].filter((connection) => !connection.hasEnded)
    this.#highestCount = Math.max(this.#highestCount, open.length)
  }

  #converse(connection: UpstreamConnection): void {
    const { socket } = connection
    const banner = this.#options.banner ?? upstreamBanner
    let isGreeted = this.#options.expectsProxyHeader !== true
    if (isGreeted) socket.write(banner)
    const dialogue = new SmtpDialogue(() => this.isHoldingAfterQuit)
    socket.on('data', (chunk) => {
      let bytes: Buffer = chunk
      if (!isGreeted) {
        connection.received = Buffer.concat([connection.received, bytes])
        const header = takeHeader(connection.received)
        if (header === undefined) return
        connection.proxyHeader = header.text
        bytes = connection.received.subarray(header.length)
        connection.received = Buffer.alloc(0)
        isGreeted = true
        socket.write(banner)
      }
      connection.received = Buffer.concat([connection.received, bytes])
      dialogue.onBytes(socket, bytes)
    })
    socket.on('end', () => {
      if (!dialogue.isHolding) socket.end()
    })
  }
}

/** The server's half of an SMTP session, without extensions. */
class SmtpDialogue {
  readonly #shouldHold: () => boolean
  #partial = ''
  #isInData = false
  isHolding = false

  constructor(shouldHold: () => boolean) {
    this.#shouldHold = shouldHold
  }

  onBytes(socket: Socket, bytes: Buffer): void {
    const lines = (this.#partial + bytes.toString('latin1')).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) this.#onLine(socket, line.replace(/\r$/, ''))
  }

  #onLine(socket: Socket, line: string): void {
    if (this.#isInData) {
      if (line !== '.') return
      this.#isInData = false
      socket.write('250 2.0.0 taken\r\n')
      return
    }
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'DATA') {
      this.#isInData = true
      socket.write('354 go ahead\r\n')
    } else if (verb === 'QUIT') {
      this.isHolding = this.#shouldHold()
      socket.write('221 2.0.0 bye\r\n')
      if (!this.isHolding) socket.end()
    } else {
      socket.write('250 2.0.0 ok\r\n')
    }
  }
}

/** A whole PROXY header at the start, if it is there. */
function takeHeader(bytes: Buffer): { text: string; length: number } | undefined {
  if (bytes.subarray(0, 5).toString('latin1') === 'PROXY') {
    const end = bytes.indexOf('\r\n')
    return end < 0 ? undefined : { text: bytes.toString('latin1', 0, end), length: end + 2 }
  }
  if (bytes.length < 16) return undefined
  const length = 16 + bytes.readUInt16BE(14)
  if (bytes.length < length) return undefined
  return { text: bytes.toString('hex', 0, length), length }
}
