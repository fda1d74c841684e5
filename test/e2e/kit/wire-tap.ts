// A relay between a client and the daemon that keeps every byte the daemon put on the wire.

import { connect, createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

export class WireTap {
  readonly #server: Server
  readonly #chunks: Buffer[] = []

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const daemon = connect({ host: '127.0.0.1', port })
      daemon.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
      daemon.on('error', () => client.destroy())
      client.on('error', () => daemon.destroy())
      client.pipe(daemon)
      daemon.pipe(client)
    })
  }

  static async start(port: number): Promise<WireTap> {
    const tap = new WireTap(port)
    await new Promise<void>((resolve) => {
      tap.#server.listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    return tap
  }

  get port(): number {
    // A TCP server that listens has an AddressInfo.
    return (this.#server.address() as AddressInfo).port
  }

  /** Everything the daemon has sent so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  close(): void {
    this.#server.close()
  }
}
