// A log destination that is a syslog server: one datagram per record, in nginx's form.

import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { hostname } from 'node:os'
import type { Clock } from '../base/clock.ts'
import { PosternError } from '../base/errors.ts'
import type { LogLevelName } from '../base/log.ts'
import { errnoText } from '../gateway/errno.ts'
import { logLevels } from '../policy/error-log.ts'
import type { SyslogServer } from '../policy/error-log.ts'
import type { LogSink } from './log-sink.ts'

/**
 * Datagrams that wait for the kernel. It takes each at once, unless its buffer is full: then a
 * thousand are what a burst of the whole log writes in a second.
 */
const pendingMax = 1000
/** As the log file: an answer that does not come does not keep the process. */
const closeWaitMs = 1000

export interface SyslogOptions {
  readonly server: SyslogServer
  readonly clock: Clock
}

export class SyslogSink implements LogSink {
  readonly #socket: Socket
  readonly #server: SyslogServer
  readonly #clock: Clock
  readonly #hostname: string
  #pendingCount = 0
  #droppedCount = 0
  #errorCount = 0
  #isClosed = false
  #onIdle: (() => void) | undefined

  private constructor(socket: Socket, { server, clock }: SyslogOptions) {
    this.#socket = socket
    this.#server = server
    this.#clock = clock
    this.#hostname = server.isNameless === true ? '' : `${hostname().toLowerCase()} `
    socket.on('error', this.#onError)
    socket.unref()
  }

  /** Finds the address of the server, which need not answer: nobody would see that it does not. */
  static async open(options: SyslogOptions): Promise<SyslogSink> {
    const { host, port } = options.server
    try {
      const { address, family } = await lookup(host)
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
      const sink = new SyslogSink(socket, options)
      await connected(socket, port, address)
      return sink
    } catch (cause) {
      const message = `connect() to syslog server "${host}:${port}" failed (${errnoText(cause)})`
      throw new PosternError('daemon.log_open', message, { cause })
    }
  }

  get droppedCount(): number {
    return this.#droppedCount
  }

  get errorCount(): number {
    return this.#errorCount
  }

  write(line: string, level: LogLevelName): void {
    if (this.#isClosed || this.#pendingCount >= pendingMax) {
      this.#droppedCount += 1
      return
    }
    this.#pendingCount += 1
    this.#socket.send(this.#header(level) + line.trimEnd(), this.#onSent)
  }

  reopen(): void {
    // Nothing is moved away from under a datagram.
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#pendingCount > 0) await this.#idle()
    this.#socket.close()
  }

  closeNow(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // A connected socket hands each datagram to the kernel in `send` already.
    this.#socket.close()
  }

  #header(level: LogLevelName): string {
    const { facility, tag } = this.#server
    const priority = facility * 8 + logLevels.indexOf(level)
    return `<${priority}>${syslogTime(new Date(this.#clock.wallMs()))} ${this.#hostname}${tag}: `
  }

  readonly #onSent = (error: Error | null): void => {
    this.#pendingCount -= 1
    if (error !== null) this.#errorCount += 1
    if (this.#pendingCount === 0) this.#onIdle?.()
  }

  /** Nobody listens there, says the kernel of an earlier datagram. */
  readonly #onError = (): void => {
    this.#errorCount += 1
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, closeWaitMs)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function connected(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
    socket.connect(port, address)
  })
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** `Nov  2 02:46:44`, local time (RFC 3164 section 4.1.2). */
function syslogTime(date: Date): string {
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((value) => String(value).padStart(2, '0'))
    .join(':')
  return `${months[date.getMonth()] ?? ''} ${String(date.getDate()).padStart(2)} ${time}`
}
