// What an SMTP session is waiting for: the replies that are due, and what they have settled so far.

import { awaitedMaxCount } from './bounds.ts'
import type { SmtpCommand } from './command.ts'
import type { UpstreamOffer } from './extensions.ts'

/** A reply that is due. `probe` and `xclient` answer commands of our own. */
export type Awaited =
  | 'greeting'
  | 'probe'
  | 'xclient'
  | 'ehlo'
  | 'mail'
  /** Ends a transaction when it succeeds: RSET, HELO. */
  | 'rset'
  | 'data'
  /** To a message's last byte: the dot, BDAT LAST, BURL LAST. */
  | 'message'
  | 'auth'
  | 'starttls'
  | 'other'

/**
 * A reply that has ended, and the command it belongs to; `awaited` is undefined when none was due.
 */
export interface Answer {
  readonly awaited: Awaited | undefined
  readonly code: number
  /** What an EHLO reply offered. */
  readonly offer: UpstreamOffer | undefined
}

/** Matches replies with commands: SMTP answers in order, one reply a command (RFC 2920). */
export class Dialogue {
  readonly #awaited: Awaited[] = ['greeting']
  #isInTransaction = false
  #acceptedCount = 0
  #hasChunking = false

  /** No reply is due. */
  get isSettled(): boolean {
    return this.#awaited.length === 0
  }

  get isFull(): boolean {
    return this.#awaited.length >= awaitedMaxCount
  }

  get first(): Awaited | undefined {
    return this.#awaited[0]
  }

  get last(): Awaited | undefined {
    return this.#awaited.at(-1)
  }

  /** A MAIL was accepted and its message has not ended. */
  get isInTransaction(): boolean {
    return this.#isInTransaction
  }

  /** The upstream takes the bytes behind BDAT as a chunk. */
  get hasChunking(): boolean {
    return this.#hasChunking
  }

  /** Messages accepted, and those sent whose reply is due. */
  countMessages(): number {
    const pending = this.#awaited.filter((awaited) => awaited === 'message')
    return this.#acceptedCount + pending.length
  }

  expect(awaited: Awaited): void {
    this.#awaited.push(awaited)
  }

  /**
   * A reply begins. Only DATA is answered 354 and only AUTH 334, so what stands before them was
   * left unanswered, and waiting for it would stop the session.
   */
  resynchronise(code: number): void {
    const awaited = code === 354 ? 'data' : code === 334 ? 'auth' : undefined
    const index = awaited === undefined ? 0 : this.#awaited.indexOf(awaited)
    if (index > 0) this.#awaited.splice(0, index)
  }

  /** A reply has ended. */
  settle(code: number, offer: UpstreamOffer | undefined): Answer {
    const awaited = this.#awaited.shift()
    const answer = { awaited, code, offer }
    // The go-ahead for a body is not its reply: that comes after the dot.
    if (awaited === 'data' && code === 354) this.#awaited.unshift('message')
    else if (isSuccess(answer)) this.#succeed(awaited, offer)
    if (awaited === 'message') this.#isInTransaction = false
    return answer
  }

  #succeed(awaited: Awaited | undefined, offer: UpstreamOffer | undefined): void {
    if (awaited === 'message') this.#acceptedCount += 1
    if (awaited === 'mail') this.#isInTransaction = true
    if (awaited === 'rset' || awaited === 'ehlo') this.#isInTransaction = false
    if (awaited === 'ehlo') this.#hasChunking = offer?.hasChunking ?? false
  }
}

/** What the upstream will answer a command with. */
export function awaitedOf(command: SmtpCommand): Awaited {
  switch (command.kind) {
    case 'helo':
      return 'rset'
    case 'submit':
      return 'message'
    case 'chunk':
      return command.isLast ? 'message' : 'other'
    case 'strange_chunk':
      return 'other'
    default:
      return command.kind
  }
}

/** True for a reply of the 2xx kind. */
export function isSuccess(answer: Answer): boolean {
  return answer.code >= 200 && answer.code < 300
}
