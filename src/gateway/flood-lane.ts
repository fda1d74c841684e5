// Under a flood, the way out for refused clients that makes no Socket of them.
//
// Making and ending a net.Socket costs twice what the kernel needs to accept, write and close
// (docs/decisions/0006-flood-lane.md). This file, alone, uses what Node does not document: the
// handle under a server and the `onconnection` it calls. Each use is checked first; where Node looks
// different, nothing is diverted and every client takes the documented way.

import type { Server, Socket } from 'node:net'
import type { HandleKit } from './handles/handle-kit.ts'
import type { HandleAddress } from './handles/node-handles.ts'

/** The part of an accepted connection's handle that is used. */
export interface AcceptedHandle {
  writeBuffer(request: object, bytes: Uint8Array): number
  close(): void
  /** TCP only. Answers 0 and fills `out`, or an error number. */
  getpeername?(out: HandleAddress): number
}

type OnConnection = (this: unknown, status: number, client: unknown) => void

/**
 * Shows every accepted connection to `takes` before a Socket is made of it; true means that it is
 * done with. `settled` is called after a connection that was not taken went the ordinary way.
 */
export function divertConnections(
  server: Server,
  takes: (client: AcceptedHandle) => boolean,
  settled: () => void,
): void {
  const handle = property(server, '_handle')
  const ordinary = property(handle, 'onconnection')
  if (typeof handle !== 'object' || handle === null || typeof ordinary !== 'function') return
  const proceed = ordinary as OnConnection // checked to be a function; Node calls it so
  const divert: OnConnection = function divert(status, client) {
    if (status === 0 && isAcceptedHandle(client) && takes(client)) return
    proceed.call(this, status, client)
    settled()
  }
  Object.assign(handle, { onconnection: divert })
}

/** Address and port of the client of a handle; undefined when the kernel has none any more. */
export function peerOf(client: AcceptedHandle): HandleAddress | undefined {
  const out: HandleAddress = {}
  if (client.getpeername === undefined || client.getpeername(out) !== 0) return undefined
  return out
}

/** Writes one line into a fresh connection and closes it. */
export class LineWriter {
  readonly #handles: HandleKit | undefined
  #Request: (new () => object) | undefined

  constructor(handles?: HandleKit) {
    this.#handles = handles
  }

  get isReady(): boolean {
    return this.#handles !== undefined || this.#Request !== undefined
  }

  /**
   * Learns the class of Node's write requests from one ordinary write on `socket`. Anything else in
   * its place would abort the process when a write stays incomplete.
   */
  learn(socket: Socket, write: () => void): void {
    const handle = property(socket, '_handle')
    const original = property(handle, 'writeBuffer')
    if (typeof handle !== 'object' || handle === null || typeof original !== 'function') {
      write()
      return
    }
    let seen: unknown
    Object.assign(handle, {
      writeBuffer(request: object, bytes: Uint8Array): unknown {
        seen = request
        return Reflect.apply(original, handle, [request, bytes])
      },
    })
    try {
      write()
    } finally {
      Reflect.deleteProperty(handle, 'writeBuffer')
    }
    const made = property(seen, 'constructor')
    if (typeof made !== 'function' || made.name !== 'WriteWrap') return
    this.#Request = made as new () => object // the class of a request that Node itself has just made
  }

  /** False when no request class is known: then nothing was done. */
  writeAndClose(client: AcceptedHandle, bytes: Uint8Array | undefined): boolean {
    if (bytes !== undefined) {
      // An empty send queue takes a line whole; if not, the client has gone, and closing is right.
      if (this.#handles !== undefined) this.#handles.writeOnce(client, bytes)
      else if (this.#Request !== undefined) client.writeBuffer(new this.#Request(), bytes)
      else return false
    }
    client.close()
    return true
  }
}

function isAcceptedHandle(value: unknown): value is AcceptedHandle {
  return (
    typeof property(value, 'writeBuffer') === 'function' &&
    typeof property(value, 'close') === 'function'
  )
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Reflect.get(value, name)
}
