// The contract between a login and whoever decides about it: an attempt in, one outcome out.

import type {
  AuthBroken,
  AuthFail,
  AuthHeader,
  AuthWait,
} from '../../protocol/auth-http/outcome.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'
import type { Attempt } from './auth-question.ts'
import type { UpstreamRun } from './upstream-run.ts'

/** The login is right. */
export interface LoginAccept {
  readonly kind: 'accept'
  /** Replaces the login, for limits and logs as well. */
  readonly user?: Buffer
  /** Replaces the password. */
  readonly password?: Buffer
  /** What `$auth_http_*` keys are made of. May hold a password. */
  readonly headers: readonly AuthHeader[]
  readonly upstream: AcceptedUpstream
}

export type AcceptedUpstream =
  /** To be logged in to once the limits have been asked, at the first that answers. */
  | { readonly kind: 'known'; readonly targets: readonly UpstreamTarget[] }
  /** It has taken the client already; `words` are what the client reads of it first. */
  | { readonly kind: 'ready'; readonly run: UpstreamRun; readonly words: readonly Buffer[] }

/** What was needed to decide has failed, and the log has been told. */
interface LoginLost {
  readonly kind: 'lost'
  /** For the client; absent: our own internal error. */
  readonly reply?: Buffer
}

export type LoginOutcome = LoginAccept | AuthWait | AuthFail | AuthBroken | LoginLost

/** One attempt that is being decided about. */
export interface LoginQuestion {
  /** Behind `while` in the log. */
  readonly action: string
  /** The time limit has passed: its outcome comes now, unless it has something else to try. */
  onTimeout(): void
  /** Nobody wants to know any more: lets go of all that it holds; its outcome never comes. */
  abandon(): void
}

/** One for each session that logs in. */
export interface Authenticator {
  /** For the log: `auth http server 127.0.0.1:80`. */
  readonly name: string
  /** Behind `while` in the log, when a login has failed or waits. */
  readonly action: string
  /** How long an outcome may take; absent: any time, or as the question itself says. */
  readonly timeoutMs: number | undefined
  /** After so many wrong logins the session ends; absent: each outcome says for itself. */
  readonly failuresMax: number | undefined
  /** `onOutcome` is called once and never before this returns, unless the question is abandoned. */
  ask(attempt: Attempt, onOutcome: (outcome: LoginOutcome) => void): LoginQuestion
}
