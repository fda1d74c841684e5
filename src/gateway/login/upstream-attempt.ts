// One connection to one address of an upstream, until the client is logged in there.

import { connect } from 'node:net'
import type { LoginActions, LoginDenial, UpstreamLogin } from '../../protocol/upstream/login.ts'
import { errnoText, isOutOfDescriptors } from '../errno.ts'
import { proxyHeaderFor } from '../proxy-out.ts'
import type { SessionSocket } from '../session-socket.ts'
import type { Session } from '../session.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'

/** Why nothing came of it; the log has been told. */
export interface AttemptFailure {
  /** It was never connected, so another address may do better. */
  readonly isUnreachable: boolean
  /** The upstream refused the login itself. */
  readonly denial?: LoginDenial
  /** For the client; absent: our own internal error. */
  readonly reply?: Buffer
}

export interface AttemptOptions {
  readonly session: Session
  readonly target: UpstreamTarget
  readonly dialogue: UpstreamLogin
  /** Logged in: what the client reads first, and what the upstream has sent behind it. */
  readonly onDone: (words: readonly Buffer[]) => void
  readonly onConnected?: () => void
  readonly onFailed: (failure: AttemptFailure) => void
}

/** Owns the handlers of the socket until it is done; the socket itself is the session's. */
export class UpstreamAttempt {
  readonly #options: AttemptOptions
  readonly #socket: SessionSocket
  #isConnected = false
  #isOver = false
  #words: Buffer[] = []
  #afterClose: (() => void) | undefined

  constructor(options: AttemptOptions) {
    const { session, target } = options
    this.#options = options
    this.#socket = connect({ ...target.options })
    this.#socket.on('error', this.#onError)
    this.#socket.on('connect', this.#onConnect)
    this.#socket.on('data', this.#onData)
    this.#socket.on('end', this.#onEnd)
    this.#socket.on('close', this.#onClose)
    session.upstream = this.#socket
    session.upstreamTarget = target
  }

  get socket(): SessionSocket {
    return this.#socket
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  get action(): string {
    const { action } = this.#options.dialogue
    return this.#isConnected ? action : 'connecting to upstream'
  }

  /** Nothing more is done with what the upstream says; its close still ends the session. */
  abandon(): void {
    this.#isOver = true
  }

  /** Leaves the socket to other handlers. */
  release(): void {
    this.#socket.off('error', this.#onError)
    this.#socket.off('connect', this.#onConnect)
    this.#socket.off('data', this.#onData)
    this.#socket.off('end', this.#onEnd)
    this.#socket.off('close', this.#onClose)
  }

  /** Goes on when the connection is closed: never two for one session (SEMANTICS S1). */
  closeThen(then: () => void): void {
    this.#isOver = true
    if (this.#socket.closed) {
      then()
      return
    }
    this.#afterClose = then
    this.#socket.destroy()
  }

  /** Ends it for a reason of the log. */
  fail(text: string, isUnreachable: boolean = !this.#isConnected): void {
    if (this.#isOver) return
    this.#options.session.write('error', text, this.#options.target.text)
    this.#end(() => this.#options.onFailed({ isUnreachable }))
  }

  readonly #onConnect = (): void => {
    this.#isConnected = true
    if (this.#isOver) return
    const { session, dialogue } = this.#options
    this.#options.onConnected?.()
    const header = proxyHeaderFor(session)
    if (header !== undefined) this.#socket.write(header)
    this.#act(dialogue.start())
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver) return
    const { session, dialogue } = this.#options
    session.touch()
    session.host.bytesFromUpstreams += chunk.length
    this.#act(dialogue.fromUpstream(chunk))
  }

  readonly #onEnd = (): void => {
    if (!this.#isOver) this.#act(this.#options.dialogue.upstreamEnded())
  }

  readonly #onError = (error: Error): void => {
    const { host } = this.#options.session
    const isOurFault = isOutOfDescriptors(error)
    if (isOurFault) host.onOutOfDescriptors(error)
    const what = this.#isConnected ? 'recv() failed' : 'connect() failed'
    const action = this.#isConnected ? 'reading response from upstream' : 'connecting to upstream'
    this.fail(`${what} (${errnoText(error)}) while ${action}`, !this.#isConnected && !isOurFault)
  }

  readonly #onClose = (): void => {
    this.#onEnd()
    this.#options.session.onUpstreamClosed()
    this.#afterClose?.()
  }

  #act(actions: LoginActions): void {
    const { session, target } = this.#options
    for (const bytes of actions.toUpstream ?? []) this.#socket.write(bytes)
    this.#words.push(...(actions.toClient ?? []))
    const { done, failed } = actions
    if (failed !== undefined) {
      session.write(failed.level, failed.reason, target.text)
      const { denial, replyToClient: reply } = failed
      const why = denial === undefined ? {} : { denial }
      this.#end(() => this.#options.onFailed({ isUnreachable: false, ...why, reply }))
    } else if (done !== undefined) {
      const words = done.rest.length === 0 ? this.#words : [...this.#words, done.rest]
      this.#end(() => this.#options.onDone(words))
    }
  }

  #end(then: () => void): void {
    this.#isOver = true
    this.#words = []
    then()
  }
}
