// Logs a client in at the first address of an upstream that answers, as a relay would find it.

import type { UpstreamLogin } from '../../protocol/upstream/login.ts'
import { attemptMs, attemptsTotalMs } from '../upstream.ts'
import type { SessionSocket } from '../session-socket.ts'
import type { Session } from '../session.ts'
import { noteUpstreamAnswer, noteUpstreamFailure } from '../upstream-health.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'
import { UpstreamAttempt } from './upstream-attempt.ts'
import type { AttemptFailure } from './upstream-attempt.ts'

export interface RunOptions {
  readonly session: Session
  /** In the order to try them. One alone has the whole time to answer (an auth server named it). */
  readonly targets: readonly UpstreamTarget[]
  readonly dialogue: UpstreamLogin
  /** From the first connect to the end of the login; absent: any time. */
  readonly timeoutMs: number | undefined
  /** Logged in: what the client reads first, and what the upstream has sent behind it. */
  readonly onDone: (words: readonly Buffer[]) => void
  /** Nothing came of it. The connection may still stand. */
  readonly onFailed: (failure: AttemptFailure) => void
}

const forever = Number.POSITIVE_INFINITY

export class UpstreamRun {
  readonly #options: RunOptions
  readonly #startedMs: number
  #triedCount = 0
  #attempt: UpstreamAttempt | undefined
  #isOver = false
  #isHeld = false

  constructor(options: RunOptions) {
    this.#options = options
    this.#startedMs = options.session.host.clock.monotonicMs()
  }

  get action(): string {
    return this.#attempt?.action ?? 'connecting to upstream'
  }

  /** Call once. */
  start(): void {
    this.#tryNext()
  }

  /** The time limit of what it does now has passed. */
  onTimeout(): void {
    this.#attempt?.fail(`upstream timed out (110: Connection timed out) while ${this.action}`)
  }

  /** Nothing more is done with what the upstream says; its close still ends the session. */
  abandon(): void {
    this.#isOver = true
    this.#attempt?.abandon()
  }

  /** Closes the connection, and goes on when it is closed. */
  closeThen(then: () => void): void {
    this.#isOver = true
    if (this.#attempt === undefined) then()
    else this.#attempt.closeThen(then)
  }

  /** Nothing is read from it until it is released: nobody could take it yet. */
  hold(): void {
    this.#isHeld = true
    this.#attempt?.socket.pause()
  }

  /** It is closed already, or about to. */
  get isLost(): boolean {
    return this.#attempt?.socket.destroyed ?? true
  }

  /** The connection on which the client is logged in, for other handlers. */
  release(): SessionSocket | undefined {
    this.#attempt?.release()
    if (this.#isHeld) this.#attempt?.socket.resume()
    return this.#attempt?.socket
  }

  #tryNext(): void {
    if (this.#isOver) return
    const { session, targets, dialogue, onDone } = this.#options
    const target = targets[this.#triedCount]
    const isTooLate = targets.length > 1 && this.#nowMs() >= this.#startedMs + attemptsTotalMs
    if (target === undefined || isTooLate) {
      session.write('error', 'no live upstreams while connecting to upstream')
      this.#options.onFailed({ isUnreachable: true })
      return
    }
    this.#triedCount += 1
    this.#attempt = new UpstreamAttempt({
      session,
      target,
      dialogue,
      onConnected: () => this.#onConnected(target),
      onDone,
      onFailed: (failure) => this.#onFailed(failure, target),
    })
    session.enter('logging_in', { untilMs: this.#connectUntilMs() })
  }

  #onConnected(target: UpstreamTarget): void {
    const { session } = this.#options
    noteUpstreamAnswer(session, target)
    if (this.#options.targets.length > 1) session.enter('logging_in', { untilMs: this.#untilMs() })
  }

  #onFailed(failure: AttemptFailure, target: UpstreamTarget): void {
    if (failure.isUnreachable) noteUpstreamFailure(this.#options.session, target)
    if (!failure.isUnreachable || this.#options.targets.length === 1) {
      this.#options.onFailed(failure)
    } else this.#attempt?.closeThen(() => this.#tryNext())
  }

  #connectUntilMs(): number {
    if (this.#options.targets.length === 1) return this.#untilMs()
    const lastMs = Math.min(this.#startedMs + attemptsTotalMs, this.#untilMs())
    return Math.min(this.#nowMs() + attemptMs, lastMs)
  }

  #untilMs(): number {
    const { timeoutMs } = this.#options
    return timeoutMs === undefined ? forever : this.#startedMs + timeoutMs
  }

  #nowMs(): number {
    return this.#options.session.host.clock.monotonicMs()
  }
}
