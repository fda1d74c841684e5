// One connection to one address of an upstream, until the client is logged in there.

import type { LoginActions, LoginDenial, UpstreamLogin } from '../../protocol/upstream/login.ts'
import { errnoText, isOutOfDescriptors } from '../errno.ts'
import type { SessionSocket } from '../session-socket.ts'
import type { Session } from '../session.ts'
import { UpstreamDial } from '../upstream-dial.ts'
import type { DialHandlers } from '../upstream-dial.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'

/** Why nothing came of it; the log has been told. */
export interface AttemptFailure {
  /** Its dialogue never began, so another address may do better. */
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
export class UpstreamAttempt implements DialHandlers {
  readonly #options: AttemptOptions
  readonly #dial: UpstreamDial
  /** The dialogue has begun. */
  #isReady = false
  #isOver = false
  #words: Buffer[] = []
  #afterClose: (() => void) | undefined

  constructor(options: AttemptOptions) {
    const { session, target } = options
    this.#options = options
    this.#dial = new UpstreamDial({ session, target, handlers: this })
  }

  get socket(): SessionSocket {
    return this.#dial.socket
  }

  get action(): string {
    return this.#isReady ? this.#options.dialogue.action : this.#dial.action
  }

  /** Nothing more is done with what the upstream says; its close still ends the session. */
  abandon(): void {
    this.#isOver = true
    this.#dial.abandon()
  }

  /** Leaves the socket to other handlers. */
  release(): void {
    this.socket.off('error', this.#onError)
    this.socket.off('data', this.#onData)
    this.socket.off('end', this.#onEnd)
    this.socket.off('close', this.#onClose)
  }

  /** Goes on when the connection is closed: never two for one session (SEMANTICS S1). */
  closeThen(then: () => void): void {
    this.abandon()
    if (this.socket.closed) {
      then()
      return
    }
    this.#afterClose = then
    this.socket.destroy()
  }

  /** Ends it for a reason of the log. */
  fail(text: string, isUnreachable: boolean = !this.#isReady): void {
    if (this.#isOver) return
    this.#options.session.write('error', text, this.#options.target.text)
    this.#end(() => this.#options.onFailed({ isUnreachable }))
  }

  onReady(socket: SessionSocket, greeting: Buffer | undefined): void {
    this.#isReady = true
    socket.on('error', this.#onError)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onClose)
    socket.resume()
    const { dialogue } = this.#options
    this.#options.onConnected?.()
    this.#act(dialogue.start())
    if (greeting !== undefined && !this.#isOver) this.#act(dialogue.fromUpstream(greeting))
  }

  onFailed(text: string, error?: Error): void {
    const isOurFault = error !== undefined && isOutOfDescriptors(error)
    if (isOurFault) this.#options.session.host.onOutOfDescriptors(error)
    this.fail(text, !isOurFault)
  }

  onClosed(): void {
    this.#options.session.onUpstreamClosed()
    this.#afterClose?.()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver) return
    const { session, dialogue } = this.#options
    session.touch()
    session.host.tally.countFromUpstream(chunk.length)
    this.#act(dialogue.fromUpstream(chunk))
  }

  readonly #onEnd = (): void => {
    if (!this.#isOver) this.#act(this.#options.dialogue.upstreamEnded())
  }

  readonly #onError = (error: Error): void => {
    const { host } = this.#options.session
    if (isOutOfDescriptors(error)) host.onOutOfDescriptors(error)
    this.fail(`recv() failed (${errnoText(error)}) while reading response from upstream`)
  }

  readonly #onClose = (): void => {
    this.#onEnd()
    this.onClosed()
  }

  #act(actions: LoginActions): void {
    const { session, target } = this.#options
    for (const bytes of actions.toUpstream ?? []) this.socket.write(bytes)
    this.#words.push(...(actions.toClient ?? []))
    const { done, failed } = actions
    if (failed !== undefined) {
      const { denial, replyToClient: reply } = failed
      // Where the upstream is the one to decide, its no is an answer and no fault of anybody's.
      const { authenticator } = session.engineSession.plan.settings
      const isAnswer = denial !== undefined && authenticator?.value.kind === 'upstream'
      session.write(isAnswer ? 'info' : failed.level, failed.reason, target.text)
      const why = denial === undefined ? {} : { denial }
      this.#end(() => this.#options.onFailed({ isUnreachable: false, ...why, reply }))
    } else if (done !== undefined) {
      const words = done.rest.length === 0 ? this.#words : [...this.#words, done.rest]
      this.#end(() => this.#options.onDone(words))
    }
  }

  #end(then: () => void): void {
    this.abandon()
    this.#words = []
    then()
  }
}
