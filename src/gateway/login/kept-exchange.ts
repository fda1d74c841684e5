// One question to an auth server whose connections are kept: HTTP/1.1, by node:http and its Agent.

import { Agent as PlainAgent, request as plainRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { judgeHeaders } from '../../protocol/auth-http/judge.ts'
import type { JudgeOptions } from '../../protocol/auth-http/judge.ts'
import { authServerFault } from '../../protocol/auth-http/log-text.ts'
import type { AuthFault } from '../../protocol/auth-http/log-text.ts'
import type { AuthHeader, AuthOutcome } from '../../protocol/auth-http/outcome.ts'
import { authResponseMaxBytes, isAuthHeaderName } from '../../protocol/auth-http/response.ts'
import { errnoText } from '../errno.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'
import type { AuthServerLink } from './auth-servers.ts'
import type { LoginQuestion } from './authenticator.ts'

export interface KeptQuestion {
  readonly link: AuthServerLink
  readonly server: UpstreamTarget
  readonly path: string
  /** Names and values in turn, `Host` among them. */
  readonly headers: readonly string[]
  readonly judge: JudgeOptions
  readonly onOutcome: (outcome: AuthOutcome, error?: Error) => void
}

// What is late behind its headers is a wrong length, not a slow server: the connection is not worth
// keeping, and nobody else would close it.
const bodyMs = 5000
// Nobody looks at a body; one that is longer than this costs more than a new connection.
const bodyMaxBytes = 65_536

export class KeptExchange implements LoginQuestion {
  readonly action = 'in http auth state'
  readonly #question: KeptQuestion
  #request: ClientRequest | undefined
  #socket: Socket | undefined
  #readBefore = 0
  #hasRetried = false
  #isOver = false

  constructor(question: KeptQuestion) {
    this.#question = question
    // Its outcome may be known at once, and comes later, as the contract has it.
    setImmediate(() => this.#ask(question.link.agent))
  }

  onTimeout(): void {
    this.#settle(this.#fault('timed out (110: Connection timed out)'))
    this.#request?.destroy()
  }

  abandon(): void {
    this.#isOver = true
    this.#request?.destroy()
  }

  #ask(agent: RequestOptions['agent']): void {
    if (this.#isOver) return
    const { link, server, path, headers } = this.#question
    const { options } = server
    const where =
      'path' in options ? { socketPath: options.path } : { host: options.host, port: options.port }
    const request = link.isTls ? tlsRequest : plainRequest
    try {
      this.#request = request({
        ...where,
        ...link.tlsOptions,
        ...(agent === undefined ? {} : { agent }),
        path,
        headers: [...headers],
        maxHeaderSize: authResponseMaxBytes,
      })
    } catch {
      // A configured header or a byte of the client that Node.js does not send.
      this.#settle({
        kind: 'broken',
        logText: `auth http server ${server.text} cannot be asked that`,
      })
      return
    }
    this.#request.on('error', (error) => this.#onError(error))
    this.#request.on('socket', (socket) => {
      this.#socket = socket
      this.#readBefore = socket.bytesRead
    })
    this.#request.on('response', (response) => this.#onResponse(response))
    this.#request.end()
  }

  #onResponse(response: IncomingMessage): void {
    let bodyBytes = 0
    const overdue = setTimeout(() => response.destroy(), bodyMs)
    response.on('close', () => clearTimeout(overdue))
    response.on('error', () => response.destroy())
    response.on('data', (chunk: Buffer) => {
      bodyBytes += chunk.length
      if (bodyBytes > bodyMaxBytes) response.destroy()
    })
    const headers = headersOf(response.rawHeaders)
    const outcome =
      headers === undefined
        ? this.#fault('sent invalid header in response')
        : judgeHeaders(headers, this.#question.judge)
    this.#settle(outcome)
  }

  /** A GET that a kept connection died under, before a byte came back, is asked once more. */
  #onError(error: Error): void {
    if (this.#isOver) return
    const hasRead = (this.#socket?.bytesRead ?? 0) > this.#readBefore
    if (this.#request?.reusedSocket === true && !hasRead && !this.#hasRetried) {
      this.#hasRetried = true
      this.#ask(this.#question.link.isTls ? new TlsAgent() : new PlainAgent())
      return
    }
    const fault = faultOf(error)
    if (fault !== undefined) this.#settle(this.#fault(fault), error)
    else this.#settle({ kind: 'broken', logText: this.#failureText(error) }, error)
  }

  #failureText(error: Error): string {
    if ('syscall' in error && error.syscall === 'connect') {
      return `connect() failed (${errnoText(error)})`
    }
    const isShaking = this.#question.link.isTls && this.#socket?.bytesRead === this.#readBefore
    return isShaking || !('syscall' in error)
      ? `SSL_do_handshake() failed (${error.message})`
      : `recv() failed (${errnoText(error)})`
  }

  #fault(fault: AuthFault): AuthOutcome {
    const logText = authServerFault(this.#question.server.text, fault)
    return { kind: 'broken', logText }
  }

  #settle(outcome: AuthOutcome, error?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#question.onOutcome(outcome, error)
  }
}

function faultOf(error: Error): AuthFault | undefined {
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'HPE_HEADER_OVERFLOW') return 'sent too big header in response'
  if (code.startsWith('HPE_')) return 'sent invalid response'
  return code === 'ECONNRESET' ? 'prematurely closed connection' : undefined
}

/** Undefined: a name that nginx would not take. */
function headersOf(raw: readonly string[]): readonly AuthHeader[] | undefined {
  const headers: AuthHeader[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? ''
    if (!isAuthHeaderName(name)) return undefined
    headers.push({ name, value: Buffer.from(raw[at + 1] ?? '', 'latin1') })
  }
  return headers
}
