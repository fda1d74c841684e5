// What a login at an upstream looks like from outside: bytes in, actions out.

import type { LogLevelName } from '../../base/log.ts'

/** nginx's words for where a login is, for ` while …` in the log when it takes too long. */
export type LoginAction =
  | 'connecting to upstream'
  | 'SSL handshaking to upstream'
  | 'sending user name to upstream'
  | 'sending password to upstream'
  | 'sending LOGIN command to upstream'
  | 'sending STARTTLS to upstream'
  | 'sending CAPABILITY to upstream'
  | 'sending ID to upstream'
  | 'sending HELO/EHLO to upstream'
  | 'sending XCLIENT to upstream'
  | 'sending client HELO/EHLO to upstream'
  | 'sending AUTH to upstream'
  | 'sending MAIL FROM to upstream'
  | 'sending RCPT TO to upstream'

/**
 * `denied`: the upstream refused this login, in the reply to it. `refused`: it said no to something
 * else, or said goodbye. `invalid`: it said what cannot come here. `unsendable`: nothing was sent, because what the client gave cannot be
 * said in the upstream's protocol.
 */
export type LoginFault = 'denied' | 'refused' | 'invalid' | 'too_long' | 'closed' | 'unsendable'

/** What an upstream said to a login that it refused, without what its protocol puts around it. */
export interface LoginDenial {
  /** May hold any character; without words of its own, or with a secret in them, it is empty. */
  readonly text: string
  /** Of SMTP: the reply code and, where there is one, the enhanced code. */
  readonly code?: string
}

export interface LoginFailure {
  readonly fault: LoginFault
  /** nginx's log text; no password stands in it. */
  readonly reason: string
  readonly level: LogLevelName
  /** With `denied`. */
  readonly denial?: LoginDenial
  /** The upstream's own words where they are passed on, our internal error otherwise. */
  readonly replyToClient: Buffer
}

/**
 * What is to be done, in this order: write both sides, then relay (`done`) or say the last word
 * (`failed`). The buffers may share memory with the chunk that was passed in.
 */
export interface LoginActions {
  readonly toUpstream?: readonly Buffer[]
  readonly toClient?: readonly Buffer[]
  /** The client is logged in. `rest` is what the upstream sent behind its last reply. */
  readonly done?: { readonly rest: Buffer }
  readonly failed?: LoginFailure
}

/** A login in progress. After `done` or `failed` it answers nothing more. */
export interface UpstreamLogin {
  /** To be called once, when the connection to the upstream stands. */
  start(): LoginActions
  fromUpstream(chunk: Buffer): LoginActions
  upstreamEnded(): LoginActions
  readonly action: LoginAction
  /** Bytes kept in memory now. */
  readonly bufferedBytes: number
}

/** What the client logs in with, or what the auth server put in its place. */
export interface LoginCredentials {
  readonly user: Uint8Array
  readonly password: Uint8Array
  /** The password came from the auth server: the client may not get to read it. */
  readonly isPasswordForeign?: boolean
}
