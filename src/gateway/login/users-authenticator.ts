// Decides by a file of users: the hash of the password is checked, off the event loop.

import { assert } from '../../base/assert.ts'
import type { Settings } from '../../policy/plan.ts'
import type { UserEntry } from '../../protocol/users-file/users-file.ts'
import type { CheckResult } from '../passwords/password-checks.ts'
import type { Session } from '../session.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'
import type { UsersTable } from '../users.ts'
import type { Attempt } from './auth-question.ts'
import type { Authenticator, LoginOutcome, LoginQuestion } from './authenticator.ts'
import { loginOption, wrongLogin, wrongLoginsMax } from './login-settings.ts'
import { settledQuestion } from './settled-question.ts'

const action = 'checking the password'

export class UsersAuthenticator implements Authenticator {
  readonly action: string = action
  readonly failuresMax: number = wrongLoginsMax
  readonly #session: Session
  readonly #settings: Settings
  readonly #file: string
  /** Absent: a reload dropped the file while its client was still in its handshake. */
  readonly #table: UsersTable | undefined

  constructor(session: Session, settings: Settings, file: string) {
    this.#session = session
    this.#settings = settings
    this.#file = file
    this.#table = session.host.users.get(file)
  }

  get name(): string {
    return `users file ${this.#file}`
  }

  get timeoutMs(): number | undefined {
    return loginOption(this.#settings, 'loginTimeout').ms
  }

  ask({ credentials }: Attempt, onOutcome: (outcome: LoginOutcome) => void): LoginQuestion {
    assert(credentials.method === 'plain', 'only methods with a password are offered')
    const { host } = this.#session
    const table = host.users.get(this.#file) ?? this.#table
    if (table === undefined) {
      const dropped = this.#broken('is no longer in the configuration')
      return settledQuestion(action, dropped, onOutcome)
    }
    const { entry, hash } = table.find(credentials.login)
    const onResult = (result: CheckResult): void => onOutcome(this.#outcomeOf(result, entry))
    const takeBack = host.passwordChecks.check({ hash, password: credentials.password, onResult })
    if (takeBack === undefined) {
      const tooMany = this.#broken('has too many passwords waiting to be checked')
      return settledQuestion(action, tooMany, onOutcome)
    }
    const onTimeout = (): void => {
      takeBack()
      onOutcome(this.#broken('took too long to be checked'))
    }
    return { action, onTimeout, abandon: takeBack }
  }

  #outcomeOf(result: CheckResult, entry: UserEntry | undefined): LoginOutcome {
    if (typeof result === 'object') return this.#broken(`cannot be checked: ${result.problem}`)
    if (result === 'wrong' || entry === undefined) return wrongLogin(this.#settings, { text: '' })
    const targets = this.#targetsOf(entry)
    if (targets.length === 0) return this.#broken('names no upstream for the user')
    return { kind: 'accept', headers: [], upstream: { kind: 'known', targets } }
  }

  #targetsOf({ upstream }: UserEntry): readonly UpstreamTarget[] {
    const { upstreams, clock } = this.#session.host
    if (upstream !== undefined) return [upstreams.targetOf(upstream)]
    const list = this.#settings.upstream?.value
    return list === undefined ? [] : upstreams.poolOf(list).order(clock.monotonicMs())
  }

  #broken(what: string): LoginOutcome {
    return { kind: 'broken', logText: `${this.name} ${what}` }
  }
}
