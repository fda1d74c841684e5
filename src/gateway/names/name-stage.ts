// What an SMTP session does between its accept and its greeting: it waits for its client's name.

import { needsClientName } from '../../policy/login.ts'
import { loginOption } from '../login/login-settings.ts'
import { isUnixClient } from '../login/auth-question.ts'
import type { LoginStage, Session } from '../session.ts'
import type { Asking } from './client-names.ts'
import type { FoundName } from './name-lookup.ts'

// Nobody has anything to say before the greeting; a pipelining client's first commands fit. Beyond
// it the client is not read from, and asked once a second whether it still stands (SEMANTICS S23).
const earlyBytesMax = 16_384

type Next = (session: Session, early: Buffer | undefined) => void

/** Goes on at once where no name is needed. `early` is what the client has already sent. */
export function withClientName(session: Session, early: Buffer | undefined, next: Next): void {
  if (needsClientName(session.engineSession.plan) && !isUnixClient(session)) {
    new NameStage(session, early, next).start()
  } else next(session, early)
}

class NameStage implements LoginStage {
  readonly #session: Session
  readonly #next: Next
  readonly #early: Buffer[]
  #earlyBytes: number
  #asking: Asking | undefined

  constructor(session: Session, early: Buffer | undefined, next: Next) {
    this.#session = session
    this.#next = next
    this.#early = early === undefined ? [] : [early]
    this.#earlyBytes = early?.length ?? 0
  }

  readonly user = undefined

  get action(): string {
    return this.#asking?.action ?? ''
  }

  start(): void {
    const session = this.#session
    const { address, host, setup } = session
    const { settings } = session.engineSession.plan
    const answer = host.names.ask(settings, address, (found) => this.#onFound(found))
    if ('name' in answer) {
      this.#onFound(answer)
      return
    }
    this.#asking = answer
    if (setup !== undefined) setup.login = this
    session.receive = (_session, chunk) => this.#keep(chunk)
    const ms = loginOption(settings, 'resolverTimeout').ms
    session.enter('resolving', ms === undefined ? {} : { untilMs: host.clock.monotonicMs() + ms })
    session.client.resume()
  }

  onTimeout(): void {
    const { action } = this
    this.#asking?.leave({ isTimeout: true })
    const what = `${this.#session.address.text} could not be resolved`
    this.#onFound({
      name: { kind: 'temporarily_unavailable' },
      problem: `${what} (110: Operation timed out) while ${action}`,
      level: 'error',
      keepMs: 0,
    })
  }

  close(): void {
    this.#asking?.leave()
  }

  #keep(chunk: Buffer): void {
    this.#early.push(chunk)
    this.#earlyBytes += chunk.length
    if (this.#earlyBytes < earlyBytesMax) return
    this.#session.client.pause()
    this.#session.noteStalled()
  }

  #onFound({ name, problem, level = 'error' }: FoundName): void {
    const session = this.#session
    const { setup } = session
    if (setup === undefined) return
    if (problem !== undefined) session.write(level, problem)
    setup.login = undefined
    setup.clientName = name
    session.receive = undefined
    session.client.pause()
    const [first, ...others] = this.#early
    this.#next(session, others.length === 0 ? first : Buffer.concat(this.#early))
  }
}
