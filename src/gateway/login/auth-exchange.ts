// One question to an auth server: its own connection, one request, one answer.

import type { Socket } from 'node:net'
import { authServerFault } from '../../protocol/auth-http/log-text.ts'
import type { AuthOutcome } from '../../protocol/auth-http/outcome.ts'
import type { AuthResponseReader } from '../../protocol/auth-http/response.ts'
import { errnoText } from '../errno.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'
import type { AuthServerLink } from './auth-servers.ts'
import type { LoginQuestion } from './authenticator.ts'

export interface AuthQuestion {
  readonly link: AuthServerLink
  readonly server: UpstreamTarget
  readonly request: Buffer
  readonly reader: AuthResponseReader
  /** Called once, unless the exchange is abandoned first. */
  readonly onOutcome: (outcome: AuthOutcome, error?: Error) => void
}

const timedOut = 'timed out (110: Connection timed out)'

/** Its time limit is the session's: whoever asks abandons it when there is no more use for it. */
export class AuthExchange implements LoginQuestion {
  readonly action = 'in http auth state'
  readonly #question: AuthQuestion
  readonly #socket: Socket
  #isConnected = false
  #isSecured: boolean
  #isOver = false

  constructor(question: AuthQuestion) {
    this.#question = question
    this.#isSecured = !question.link.isTls
    this.#socket = question.link.connect(question.server)
    this.#socket.on('error', (error) => this.#onError(error))
    this.#socket.on('connect', () => (this.#isConnected = true))
    this.#socket.on('secureConnect', () => (this.#isSecured = true))
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    this.#socket.on('end', () => this.#onEnd())
    this.#socket.on('close', () => this.#onEnd())
    this.#socket.write(question.request)
  }

  onTimeout(): void {
    if (this.#isOver) return
    const logText = authServerFault(this.#question.server.text, timedOut)
    this.#settle({ kind: 'broken', logText })
  }

  /** Closes the connection; nothing more is heard of it. */
  abandon(): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    if (this.#isOver) return
    const outcome = this.#question.reader.read(chunk)
    if (outcome !== undefined) this.#settle(outcome)
  }

  #onEnd(): void {
    if (!this.#isOver) this.#settle(this.#question.reader.end())
  }

  #onError(error: Error): void {
    if (this.#isOver) return
    const isShaking = this.#isConnected && !this.#isSecured
    const call = this.#isConnected ? 'recv' : 'connect'
    const logText = isShaking
      ? `SSL_do_handshake() failed (${error.message})`
      : `${call}() failed (${errnoText(error)})`
    this.#settle({ kind: 'broken', logText }, error)
  }

  #settle(outcome: AuthOutcome, error?: Error): void {
    this.abandon()
    this.#question.onOutcome(outcome, error)
  }
}
