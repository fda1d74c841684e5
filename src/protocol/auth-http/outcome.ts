// What an auth server decided, as plain data.

/** One header of the answer. The name is as sent: letters, digits and `-`; the value is trimmed. */
export interface AuthHeader {
  readonly name: string
  readonly value: Buffer
}

/** The login is right; connect there. */
export interface AuthAccept {
  readonly kind: 'accept'
  /** Replaces the login, for limits and logs as well. */
  readonly user?: Buffer
  /** Replaces the password. */
  readonly password?: Buffer
  /** Canonical text of an IP address. */
  readonly server: string
  readonly port: number
  /** Every header in the order of arrival, for `$auth_http_*` keys. May hold a password. */
  readonly headers: readonly AuthHeader[]
}

/** Ask again after this time; 0: at once. The client sees nothing of it. */
export interface AuthWait {
  readonly kind: 'wait'
  readonly waitMs: number
}

/** The login is wrong. */
export interface AuthFail {
  readonly kind: 'fail'
  /** For the client, without a line end. */
  readonly text: string
  /** SMTP reply code in place of `535 5.7.0`. */
  readonly errorCode?: string
  /** Answer after this time and keep the session; absent: answer at once and close. */
  readonly waitMs?: number
  /** What XOAUTH2 or OAUTHBEARER sends as a challenge before the error. */
  readonly saslChallenge?: string
}

/** The answer is unusable: internal error to the client, `logText` to the log at `error`. */
export interface AuthBroken {
  readonly kind: 'broken'
  /** nginx's text, without ` while in http auth state`. */
  readonly logText: string
}

export type AuthOutcome = AuthAccept | AuthWait | AuthFail | AuthBroken
