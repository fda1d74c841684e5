// What all the HandleSockets of a thread share.

import type { HandleSocket } from './handle-socket.ts'
import { findNodeHandles } from './node-handles.ts'
import type { HandleRequest, NodeHandles } from './node-handles.ts'
import { ReadBuffers } from './read-buffers.ts'

/** A request of ours. */
export interface OwnedRequest extends HandleRequest {
  owner?: HandleSocket
  /** Keeps what it writes from being collected. */
  bytes?: Uint8Array
  /** The buffer that it writes from, to be given back. */
  lent?: Buffer
}

/** What all of a thread's sockets share. */
export class HandleKit {
  readonly node: NodeHandles
  readonly buffers: ReadBuffers = new ReadBuffers()
  /** The own buffer of the socket whose handler runs now. */
  reading: Buffer | undefined = undefined
  #spareWrite: OwnedRequest | undefined

  constructor(node: NodeHandles) {
    this.node = node
  }

  /** A request that went out whole was never seen by libuv, and serves again. */
  takeWrite(): OwnedRequest {
    const spare = this.#spareWrite
    this.#spareWrite = undefined
    return spare ?? this.node.createWrite()
  }

  /** Writes what the kernel takes at once; the rest goes with the connection, which ends next. */
  writeOnce(
    client: { writeBuffer(request: object, bytes: Uint8Array): number },
    bytes: Uint8Array,
  ): void {
    const request = this.takeWrite()
    const error = client.writeBuffer(request, bytes)
    if (error === 0 && !this.node.isLastWriteWaiting()) this.giveWrite(request)
    else request.bytes = bytes
  }

  giveWrite(request: OwnedRequest): void {
    this.#spareWrite = request
  }
}

/** Undefined where this Node has no handles as they are expected. */
export function createHandleKit(): HandleKit | undefined {
  const node = findNodeHandles()
  return node === undefined ? undefined : new HandleKit(node)
}
