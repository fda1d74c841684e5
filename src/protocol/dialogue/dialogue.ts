// The contract between the gateway and a dialogue: what it is told, and what it asks for.

import type { Clock } from '../../base/clock.ts'
import type { LogLevelName } from '../../base/log.ts'
import type { AuthMethod } from '../sasl/auth-method.ts'
import type { Credentials } from '../sasl/credentials.ts'

/** What a listener lays down for the time before login. Words come as freenginx's directives say. */
export interface DialogueOptions {
  /** `server_name`: in SMTP's replies and in salts. */
  readonly serverName: string
  /** What stands behind `* OK `, `+OK ` or `220 `; freenginx's words when not given. */
  readonly greeting?: string
  /** `imap_capabilities`, `pop3_capabilities` or `smtp_capabilities`. */
  readonly capabilities: readonly string[]
  /** `imap_auth`, `pop3_auth` or `smtp_auth`. */
  readonly methods: readonly AuthMethod[]
  readonly starttls: 'off' | 'on' | 'only'
  /** The session is inside TLS from its start. */
  readonly isTls: boolean
  /** `max_errors`: with so many commands that cannot be read, the session ends. */
  readonly errorsMax: number
  /** `max_commands`: the session ends with the first command above it. */
  readonly commandsMax: number
  /** `imap_client_buffer`, `smtp_client_buffer`: the longest command, literals included. */
  readonly bufferBytes: number
  readonly clock: Clock
  /** A source that cannot be guessed: salts are made from it. */
  readonly randomBytes: (sizeBytes: number) => Uint8Array
}

/** What the upstream's dialogue needs to know of the client's. */
export type DialogueDetails =
  /** The tag of LOGIN or AUTHENTICATE; the upstream is to answer under it. */
  | { readonly service: 'imap'; readonly tag: string }
  | { readonly service: 'pop3' }
  | {
      readonly service: 'smtp'
      /** The name after HELO or EHLO; undefined when the client has not said it. */
      readonly helo?: Buffer
      readonly isEsmtp: boolean
      /** The whole MAIL command, without line end, when a transaction is open. */
      readonly mailFrom?: Buffer
      /** The whole RCPT command, without line end: with the method `none`. */
      readonly rcptTo?: Buffer
    }

export type DialogueEvent =
  /** Who is this? To be answered with `authenticated`. */
  | {
      readonly kind: 'credentials'
      readonly credentials: Credentials
      readonly details: DialogueDetails
      /** Counted from 1 in each session: `Auth-Login-Attempt`. */
      readonly attempt: number
      /** The salt the client was shown, if any; not with `plain`. Always with a digest. */
      readonly salt?: string
    }
  /** Write `toClient`, begin TLS as a server, then call `tlsStarted`. */
  | { readonly kind: 'starttls' }

/** The answer to an event `credentials`. */
export type AuthOutcome =
  /** The upstream is ready. The dialogue ends, its answer carries `rest`. */
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'refused'
      /** `Auth-Status`: what the client reads. */
      readonly text: string
      /** `Auth-Error-Code`: for SMTP, `535 5.7.0` when not given. */
      readonly errorCode?: string
      /** `Auth-Error-SASL`: shown first, with XOAUTH2 and OAUTHBEARER only. */
      readonly saslChallenge?: string
      /** The client may try again; the caller has let `Auth-Wait` pass. */
      readonly keepsSession: boolean
    }
  /** A limit is reached (freenginx limit_conn). */
  | { readonly kind: 'limited' }
  /** Something broke behind us, or a zone is exhausted. */
  | { readonly kind: 'internal_error' }

export type DialogueCloseReason =
  | 'client quit'
  | 'client spoke before the greeting'
  | 'too long command'
  | 'too many invalid commands'
  | 'too many commands'
  | 'literal behind an invalid command'
  | 'login failed'
  | 'too many connections'
  | 'internal error'
  | 'too much sent before the reply'

export interface DialogueClose {
  readonly reason: DialogueCloseReason
  readonly level: LogLevelName
  /** False after QUIT and LOGOUT: the client has nothing more to say (freenginx lingering_close). */
  readonly lingers: boolean
}

/** A log record in freenginx's words. Its ` while ACTION` is kept apart, as in nginx's log. */
export interface DialogueLog {
  readonly level: LogLevelName
  readonly text: string
  readonly action: 'in auth state' | 'in delay pipelining state'
}

/**
 * What is to be done, in this order: log, write `toClient`, heed the event or close. `rest` may
 * share memory with the chunk that was passed in.
 */
export interface DialogueActions {
  readonly logs?: readonly DialogueLog[]
  readonly toClient?: readonly Buffer[]
  readonly event?: DialogueEvent
  /** With the answer to `accepted`: what the client sent behind its login, for the upstream. */
  readonly rest?: Buffer
  /**
   * Read nothing more from the client until an answer comes without it. Until it is asked for, read
   * on also while credentials are looked at: only so is a client that leaves noticed (S23).
   */
  readonly pauseClient?: true
  /** The dialogue has ended: it answers nothing any more. */
  readonly close?: DialogueClose
}

/**
 * A mail server's side of one session before login, without a socket: bytes in, actions out. No
 * input makes it throw; it keeps at most `bufferBytes`, and `holdMaxBytes` while an answer is due.
 */
export interface ClientDialogue {
  /** Bytes kept in memory now. */
  readonly bufferedBytes: number
  /** To be called once, before any byte. */
  start(): DialogueActions
  /** `smtp_greeting_delay` has passed. */
  greetingDue(): DialogueActions
  fromClient(chunk: Buffer): DialogueActions
  /** The handshake asked for by `starttls` is done; every byte from now on was inside TLS. */
  tlsStarted(): DialogueActions
  authenticated(outcome: AuthOutcome): DialogueActions
}
