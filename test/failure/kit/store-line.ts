// The line between a gate and the store: a TCP proxy that can be cut, or stalled so that nothing
// goes through and nobody is told, as when a cable is pulled.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** What a line can do. */
export interface Line {
  /** `host:port` at the gate's end. */
  readonly address: string
  /** Nothing goes either way, and nobody is told. */
  stall(): void
  mend(): void
  /** Every connection is reset, and so is every new one; a cable cannot do that. */
  cut?(): void
  close(): void | Promise<void>
}

export class StoreLine implements Line {
  readonly #path: string
  readonly #server = createServer((socket) => this.#onConnection(socket))
  /** The gate's ends; the others go with them. */
  readonly #sockets = new Set<Socket>()
  readonly #farSockets = new Set<Socket>()
  #state: 'whole' | 'cut' | 'stalled' = 'whole'
  #port = 0

  private constructor(path: string) {
    this.#path = path
  }

  /** `path` is the Unix socket of the store. */
  static async to(path: string): Promise<StoreLine> {
    const line = new StoreLine(path)
    line.#server.listen({ host: '127.0.0.1', port: 0 })
    await once(line.#server, 'listening')
    line.#port = (line.#server.address() as AddressInfo).port // a TCP server that listens has one
    return line
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  cut(): void {
    this.#state = 'cut'
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Nothing goes either way; connections, new ones too, stay as if the other side were silent. */
  stall(): void {
    this.#state = 'stalled'
    for (const socket of [...this.#sockets, ...this.#farSockets]) socket.pause()
  }

  mend(): void {
    const wasStalled = this.#state === 'stalled'
    this.#state = 'whole'
    // What was on its way is lost with its connection, as after a long silence of a real line.
    if (wasStalled) for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #onConnection(near: Socket): void {
    near.on('error', () => near.destroy())
    if (this.#state === 'cut') {
      near.resetAndDestroy()
      return
    }
    keep(this.#sockets, near)
    if (this.#state === 'stalled') {
      near.pause()
      return
    }
    const far = connect({ path: this.#path })
    far.on('error', () => far.destroy())
    keep(this.#farSockets, far)
    near.on('data', (chunk) => far.write(chunk))
    far.on('data', (chunk) => near.write(chunk))
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  }
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
}
