// What the harness asks of its load processes, and what they answer. Plain data, sent over IPC.

import type { Protocol } from './dialogues.ts'

/** Connect, read what comes, close; as often as it goes for `forMs`, `inFlight` at a time. */
export interface RushOrder {
  readonly kind: 'refusals' | 'sessions'
  readonly port: number
  readonly inFlight: number
  readonly forMs: number
  /** What the first line must start with; an empty text means closed without a word. */
  readonly expect: string
  /** The address to come from; absent: the loopback's own, 127.0.0.1. */
  readonly from?: string
}

/** Fetches the banner again and again for `forMs`, one connection at a time, and times it. */
export interface ProbeOrder {
  readonly kind: 'probe'
  readonly port: number
  readonly forMs: number
}

/** Logs in and out again; as often as it goes for `forMs`, `inFlight` at a time. */
export interface LoginsOrder {
  readonly kind: 'logins'
  readonly protocol: Protocol
  readonly port: number
  readonly inFlight: number
  readonly forMs: number
}

/** Moves `bytesPerStream` through each of `streams` sessions, towards the upstream or from it. */
export interface BytesOrder {
  readonly kind: 'push' | 'pull'
  readonly port: number
  readonly streams: number
  readonly bytesPerStream: number
}

/** Opens `count` sessions, reads each one's banner and keeps them open until `letGo`. */
export interface HoldOrder {
  readonly kind: 'hold'
  readonly port: number
  readonly count: number
  /** Absent: the banner is enough; else each logs in, with IMAP, inside TLS or not. */
  readonly login?: { readonly isTls: boolean }
}

export interface LetGoOrder {
  readonly kind: 'letGo'
}

/** Asks the upstream how many sessions it has open now. */
export interface CountOrder {
  readonly kind: 'count'
}

export type LoadOrder = RushOrder | ProbeOrder | LoginsOrder | BytesOrder | HoldOrder | LetGoOrder

/** What one load process did. Its own CPU is told so that a generator at its limit is visible. */
export interface Outcome {
  /** Connections, sessions or bytes that went as expected. */
  readonly count: number
  readonly failedCount: number
  /** The first thing that went wrong, for the one who has to find out why. */
  readonly firstFailure?: string
  readonly elapsedMs: number
  readonly cpuMs: number
  /** Of a probe: from connect to banner. */
  readonly waits?: Waits
}

/** The middle of some waits, and what one in a hundred exceeds. */
export interface Waits {
  readonly p50Ms: number
  readonly p99Ms: number
}

/** The first message of a load process: it is ready for orders; the upstream tells its port. */
export interface Ready {
  readonly ready: true
  readonly port?: number
}

/** The same from the servers behind a gate that logs clients in. */
export interface LoginServersReady {
  readonly ready: true
  readonly authPort: number
}
