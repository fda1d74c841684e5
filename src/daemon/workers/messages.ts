// What master, host and workers say to each other.
//
//   master ⇄ host     the IPC channel of a child process; listening sockets travel with `listen`
//   host ⇄ worker     messages between threads

import type { SharedZones } from '../../engine/zone-source.ts'
import type { Question } from '../control-protocol.ts'
import type { LogLosses } from '../daemon-log.ts'
import type { EventBatch, StreamName } from '../feed/event-feed.ts'
import type { Assignment, PlaneReport } from '../plane.ts'

export interface HostStart extends Assignment {
  readonly prefix: string
  /** Whose pid file it is, should the master die without removing it. */
  readonly masterPid: number
  readonly revision: number
  readonly listening: Listening
}

/** Who listens to events. */
export interface Listening {
  readonly streams: readonly StreamName[]
  /** Subscriptions of the trace that are to be told from their beginning. */
  readonly beginning: readonly number[]
  /** All of the trace, for who starts later. */
  readonly subscriptions: readonly number[]
}

/** Each is answered once, by its number. */
export type HostOrder =
  | ({ readonly kind: 'start' } & HostStart)
  | ({ readonly kind: 'reload' } & Assignment)
  | CommonOrder

/** What the host passes on to its workers. */
type CommonOrder =
  | { readonly kind: 'drain'; readonly relayMs?: number }
  | { readonly kind: 'close'; readonly reason?: string }
  | { readonly kind: 'reopen' }
  /** A reload takes these Listens away, and they are in the way of what it brings. */
  | { readonly kind: 'give_up'; readonly listenIds: readonly string[] }
  /** It failed; their sockets have come again. */
  | { readonly kind: 'take_up' }
  | { readonly kind: 'report' }
  /** Are you there? */
  | { readonly kind: 'pulse' }
  | { readonly kind: 'ask'; readonly question: Question }
  | ({ readonly kind: 'listen_events' } & Listening)

export type ToHost =
  | { readonly kind: 'order'; readonly number: number; readonly order: HostOrder }
  /** The handle that comes with it is for one worker. */
  | { readonly kind: 'listen'; readonly worker: number; readonly listenId: string }
  | { readonly kind: 'listens_sent'; readonly worker: number }

/** What an order came to. */
export type Answer =
  | { readonly kind: 'done'; readonly number: number; readonly result?: unknown }
  | { readonly kind: 'failed'; readonly number: number; readonly message: string }

export type FromHost =
  | Answer
  /** A worker is about to start, and needs every listening socket. */
  | { readonly kind: 'want_listens'; readonly worker: number }
  | { readonly kind: 'log'; readonly level: 'notice' | 'alert'; readonly text: string }
  | EventsMessage

export interface EventsMessage {
  readonly kind: 'events'
  readonly batch: EventBatch
}

/** A thread is started with this. */
export interface WorkerStart extends Assignment {
  /** From 1. */
  readonly worker: number
  readonly prefix: string
  readonly revision: number
  readonly zones: SharedZones
  readonly sessionNumbers: Int32Array
  /** Of this place, whoever has it. */
  readonly tally: SharedArrayBuffer
  /** Turned while the thread has turns of its event loop. */
  readonly heartbeat: Int32Array
  readonly eventOrder: BigInt64Array
  readonly listening: Listening
  /** Rows of the counts of limits, in their order. */
  readonly limitIds: readonly string[]
  /** As the tally. */
  readonly limitCounts: SharedArrayBuffer
  readonly meters: SharedArrayBuffer
}

export type WorkerOrder =
  | { readonly kind: 'open' }
  | ({
      readonly kind: 'reload'
      readonly zones: SharedZones
      readonly barrier: Int32Array
      readonly expectedCount: number
    } & Assignment)
  | CommonOrder

export type ToWorker =
  | { readonly kind: 'order'; readonly number: number; readonly order: WorkerOrder }
  | { readonly kind: 'listen'; readonly listenId: string; readonly fd: number }
  /** Everybody is prepared to swap policies, or somebody is not. */
  | { readonly kind: 'swap'; readonly isOn: boolean }

export type FromWorker =
  | Answer
  /** It can swap policies as soon as the others can. */
  | { readonly kind: 'prepared' }
  | EventsMessage

/** What a worker reports; its log is its own. */
export interface WorkerReport extends PlaneReport {
  readonly log: LogLosses
}
