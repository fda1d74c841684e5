// A server under measurement: what it is called and how it is started in each of its roles.

import type { Lab } from '../lab.ts'
import type { Daemon } from '../process.ts'

/**
 * `refuse` turns every connection away, `relay` passes every one on, `login` logs them in first;
 * `fair` relays every one but those from `strangers`, of whom it lets one in at a time; `answer` is
 * for a server that speaks with clients itself and has none behind it.
 */
export type Role = 'refuse' | 'relay' | 'login' | 'fair' | 'answer'

export const strangers = '127.0.0.2'

export interface StartOptions {
  readonly lab: Lab
  readonly role: Role
  readonly upstreamPort: number
  readonly authPort: number
  /** Processes or threads that share the work. */
  readonly workers: number
}

export interface Subject {
  readonly id: string
  /** As the tables print it. */
  readonly label: string
  readonly roles: readonly Role[]
  /** It can share the work among several workers. */
  readonly scales?: true
  /** What a refused client reads; empty when it is closed without a word. */
  readonly refusalText: string
  /** The same in the role `fair`, where it differs. */
  readonly fairRefusalText?: string
  start(options: StartOptions): Promise<Daemon>
}

/** Either the subject, or why it cannot run here and what would help. */
export type Found =
  | { readonly kind: 'found'; readonly subjects: readonly Subject[]; readonly version: string }
  | { readonly kind: 'missing'; readonly name: string; readonly why: string }

/** The reply of every server that sends one: the same bytes, so that the work is the same. */
export const refusalText = '421 4.4.5 Service unavailable, concurrency limit reached.'
