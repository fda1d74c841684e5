// The trace: what happened at a gate, as lines of text. The first line is the header, an object; each
// line after it is an array that begins with a letter. docs/replay.md describes it for other programs.

import type { LimitOption, Stage, Tier } from '../policy/limit.ts'
import type { ServiceName } from '../policy/policy.ts'

/** One more whenever a reader of the one before would misunderstand. */
export const traceVersion = 1

export const traceSources = ['postern', 'postfix', 'nginx'] as const
export type TraceSource = (typeof traceSources)[number]

/** How much of the addresses is theirs, in bits, where the rest is replaced. */
export interface HashedBits {
  readonly ipv4: number
  readonly ipv6: number
}

export interface TraceHeader {
  readonly postern: 'trace'
  readonly version: typeof traceVersion
  /** Of one run of the recorder: its files belong together. */
  readonly record: string
  /** From 1; the next one goes on where this one ended. */
  readonly part: number
  /** Milliseconds since 1970; times of the lines count from here. */
  readonly startMs: number
  readonly source: TraceSource
  /** Addresses and users are replaced. */
  readonly hashed?: HashedBits
}

/** A text, or bytes that are none. */
export type TraceText = string | { readonly base64: string }

/** Who logged in, as far as limits may count by it. */
export interface TraceLogin {
  /** Absent: nobody did, and the session went on all the same. */
  readonly user?: TraceText
  readonly headers: readonly (readonly [name: string, value: TraceText])[]
  readonly isUnix: boolean
}

/** The limit that decided in the record; described once, then by its number. */
export interface TraceLimit {
  readonly stage: Stage
  readonly option: LimitOption
  readonly tier: Tier
  readonly zone: string
  readonly scope: string
  readonly cap?: number
  /** The Listen it counts, for `listener_sessions`. */
  readonly on?: string
}

export interface TraceListen {
  readonly id: string
  /** Absent: the record does not know. */
  readonly service?: ServiceName
}

/** A session that was open when the record began. */
export interface OpenAtStart {
  readonly id: number
  readonly listen: TraceListen
  readonly client: string
  readonly ageMs: number
  /** Its PROXY header was awaited. */
  readonly isAwaitingAddress: boolean
  readonly login?: TraceLogin
}

/** Called for each line of a trace, in order. `atMs` counts from the header's `startMs`. */
export interface TraceVisitor {
  header(header: TraceHeader): void
  /** All that was open is forgotten; what is open now follows, then `started`. */
  begin(atMs: number): void
  openAtStart(open: OpenAtStart): void
  started(): void
  accepted(atMs: number, id: number, listen: TraceListen, client: string): void
  opened(atMs: number, id: number, listen: TraceListen, client: string): void
  authenticated(atMs: number, id: number, login: TraceLogin): void
  refused(refusal: TraceRefusal): void
  closed(atMs: number, id: number, listen: TraceListen, lengthMs: number): void
  replaced(atMs: number, revision: number): void
  lost(atMs: number, count: number): void
  /** The recorder was ended here. */
  ended(atMs: number): void
}

export interface TraceRefusal {
  readonly atMs: number
  readonly id: number
  readonly listen: TraceListen
  readonly client: string
  readonly limit: TraceLimit
  /** Before this session. */
  readonly used: number
  /** Present: refused after its login. */
  readonly login?: TraceLogin
}

/** Letters that lines begin with. */
export const lineKinds = {
  listen: 'N',
  limit: 'L',
  begin: 'b',
  openAtStart: 's',
  started: 'g',
  accepted: 'a',
  opened: 'o',
  authenticated: 'u',
  refused: 'r',
  closed: 'c',
  replaced: 'p',
  lost: 'x',
  ended: 'e',
} as const

/**
 * No line that a recorder writes is longer: the longest login a client can send, and headers of an
 * auth server of 64 KiB in all, as text and escaped.
 */
export const lineLengthMax: number = 1024 * 1024
