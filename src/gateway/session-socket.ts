// How a socket finds its session: one property, so that handlers can be shared by all sockets and a
// session costs no closures (ARCHITECTURE decision 9).

import type { Socket } from 'node:net'
import type { Session } from './session.ts'

// A property is read in 2 ns where a WeakMap takes 10, on every event of every socket.
export const sessionKey: unique symbol = Symbol('postern.session')

export type SessionSocket = Socket & { [sessionKey]?: Session | undefined }

/** Handler for sockets whose failure shows in their `close` already. */
export function ignoreError(): void {
  // `close` follows, and that is where every socket of ours is accounted for.
}
