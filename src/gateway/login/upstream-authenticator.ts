// Decides by trying the credentials at the upstream itself: what it takes is right, and the
// connection is the one that the session goes on with.

import { assert } from '../../base/assert.ts'
import type { Settings } from '../../policy/plan.ts'
import type { Session } from '../session.ts'
import type { Attempt } from './auth-question.ts'
import type { Authenticator, LoginOutcome, LoginQuestion } from './authenticator.ts'
import { upstreamLoginOf } from './dialogue-of.ts'
import { loginOption, wrongLogin, wrongLoginsMax } from './login-settings.ts'
import { settledQuestion } from './settled-question.ts'
import type { AttemptFailure } from './upstream-attempt.ts'
import { UpstreamRun } from './upstream-run.ts'

export class UpstreamAuthenticator implements Authenticator {
  readonly name = 'upstream'
  readonly action = 'logging in at the upstream'
  /** The run has a limit for each thing it does. */
  readonly timeoutMs = undefined
  readonly failuresMax: number = wrongLoginsMax
  readonly #session: Session
  readonly #settings: Settings

  constructor(session: Session, settings: Settings) {
    this.#session = session
    this.#settings = settings
  }

  ask(attempt: Attempt, onOutcome: (outcome: LoginOutcome) => void): LoginQuestion {
    const { upstreams, clock } = this.#session.host
    const list = this.#settings.upstream?.value ?? []
    if (list.length === 0) {
      const logText = 'no upstream is configured'
      return settledQuestion(this.action, { kind: 'broken', logText }, onOutcome)
    }
    const dialogue = upstreamLoginOf(this.#session, this.#settings, { attempt, answer: {} })
    assert(dialogue !== undefined, 'only methods with a password are offered')
    const run: UpstreamRun = new UpstreamRun({
      session: this.#session,
      targets: upstreams.poolOf(list).order(clock.monotonicMs()),
      dialogue,
      timeoutMs: loginOption(this.#settings, 'loginTimeout').ms,
      onDone: (words) => {
        onOutcome({ kind: 'accept', headers: [], upstream: { kind: 'ready', run, words } })
      },
      // The next attempt may come at once, so this connection is to be closed before it.
      onFailed: (failure) => run.closeThen(() => this.#onClosed(failure, onOutcome)),
    })
    run.start()
    return run
  }

  #onClosed(failure: AttemptFailure, onOutcome: (outcome: LoginOutcome) => void): void {
    // The log is not to name it as this session's any more.
    this.#session.upstreamTarget = undefined
    onOutcome(this.#outcomeOf(failure))
  }

  #outcomeOf({ denial, reply }: AttemptFailure): LoginOutcome {
    if (denial !== undefined) return wrongLogin(this.#settings, denial)
    return reply === undefined ? { kind: 'lost' } : { kind: 'lost', reply }
  }
}
