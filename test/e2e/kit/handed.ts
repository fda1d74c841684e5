// What an init system does for a service: opens listening sockets, accepts from none of them, and
// has the program inherit them.

import * as net from 'node:net'

interface Handle {
  readonly fd: number
  close(): void
}

/**
 * A bound socket that nobody accepts from here; the first to listen on it makes it listen for all
 * who hold it.
 */
export class HandedListen {
  readonly #handle: Handle
  readonly name: string

  constructor(at: { readonly host: string; readonly port: number } | string, name = '') {
    const bind = Reflect.get(net, '_createServerHandle') as (...args: unknown[]) => Handle
    this.#handle =
      typeof at === 'string'
        ? bind(at, -1, -1, -1, 0)
        : bind(at.host, at.port, at.host.includes(':') ? 6 : 4, -1, 0)
    this.name = name
  }

  get fd(): number {
    return this.#handle.fd
  }

  close(): void {
    this.#handle.close()
  }
}
