// The contract between a login and whoever decides about it: an attempt in, one outcome out.

import type {
  AuthBroken,
  AuthFail,
  AuthHeader,
  AuthWait,
} from '../../protocol/auth-http/outcome.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'
import type { Attempt } from './auth-question.ts'

/** The login is right. */
export interface LoginAccept {
  readonly kind: 'accept'
  /** Replaces the login, for limits and logs as well. */
  readonly user?: Buffer
  /** Replaces the password. */
  readonly password?: Buffer
  /** What `$auth_http_*` keys are made of. May hold a password. */
  readonly headers: readonly AuthHeader[]
  /** Where the client is to be logged in once its limits have been asked. */
  readonly target: UpstreamTarget
}

export type LoginOutcome = LoginAccept | AuthWait | AuthFail | AuthBroken

/** One attempt that is being decided about. */
export interface LoginQuestion {
  /** Nobody wants to know any more: lets go of all that it holds; its outcome never comes. */
  abandon(): void
}

/** One for each session that logs in. */
export interface Authenticator {
  /** For the log, before `timed out` and its like: `auth http server 127.0.0.1:80`. */
  readonly name: string
  /** Behind `while` in the log. */
  readonly action: string
  /** How long an outcome may take; absent: any time. */
  readonly timeoutMs: number | undefined
  /** `onOutcome` is called once and never before this returns, unless the question is abandoned. */
  ask(attempt: Attempt, onOutcome: (outcome: LoginOutcome) => void): LoginQuestion
}
