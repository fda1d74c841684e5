// What a session asks of its sockets, and how a socket finds its session: one property, so that
// handlers can be shared by all sockets and a session costs no closures (ARCHITECTURE decision 9).

import type { Session } from './session.ts'

// A property is read in 2 ns where a WeakMap takes 10, on every event of every socket.
export const sessionKey: unique symbol = Symbol('postern.session')

/**
 * The part of a `net.Socket` that sessions use. A Socket is one, so is a TLSSocket, and so is the
 * much cheaper HandleSocket (docs/decisions/0021-sessions-on-handles.md).
 */
export interface SessionSocket {
  [sessionKey]?: Session | undefined
  readonly destroyed: boolean
  /** Its `close` has come. */
  readonly closed: boolean
  readonly writable: boolean
  /** Bytes written that the kernel has not taken yet. */
  readonly writableLength: number
  /** A `drain` will come. */
  readonly writableNeedDrain: boolean
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  isPaused(): boolean
  pause(): unknown
  resume(): unknown
  /** False when some of it waits in our memory. */
  write(bytes: Uint8Array): boolean
  end(): unknown
  destroy(error?: Error): unknown
  /** Ends, and closes when all is written. */
  destroySoon(): void
  on(event: 'data', handler: (this: this, chunk: Buffer) => void): unknown
  on(event: 'error', handler: (this: this, error: Error) => void): unknown
  on(event: PlainEvent, handler: (this: this) => void): unknown
  once(event: PlainEvent, handler: (this: this) => void): unknown
  off(event: 'data', handler: (this: this, chunk: Buffer) => void): unknown
  off(event: 'error', handler: (this: this, error: Error) => void): unknown
  off(event: PlainEvent, handler: (this: this) => void): unknown
}

/** Events that tell nothing but that they happened. */
export type PlainEvent =
  'connect' | 'secureConnect' | 'secure' | 'drain' | 'end' | 'finish' | 'close'

/** Handler for sockets whose failure shows in their `close` already. */
export function ignoreError(): void {
  // `close` follows, and that is where every socket of ours is accounted for.
}
