// Many sessions at once that do nothing, which is what most mail sessions do most of the time.

import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { Socket } from 'node:net'
import { logIn } from './login.ts'
import type { HoldOrder, Outcome } from './orders.ts'

// Below the smallest listen backlog among the measured servers (511), so that no SYN is dropped.
const openingAtOnce = 64
const stallMs = 10_000

/** The sessions one load process holds open. */
export class Held {
  readonly #sockets = new Set<Socket>()

  /** Opens the sessions; resolves when every one of them has read its banner, or is logged in. */
  async open(order: HoldOrder): Promise<Omit<Outcome, 'cpuMs'>> {
    const startedMs = performance.now()
    let leftCount = order.count
    const failures: string[] = []
    const openSome = async (): Promise<void> => {
      while (leftCount > 0) {
        leftCount -= 1
        await this.#openOne(order).catch((error: unknown) => failures.push(String(error)))
      }
    }
    await Promise.all(Array.from({ length: openingAtOnce }, openSome))
    const [firstFailure] = failures
    return {
      count: this.#sockets.size,
      failedCount: failures.length,
      elapsedMs: performance.now() - startedMs,
      ...(firstFailure === undefined ? {} : { firstFailure }),
    }
  }

  /** How many are still open. */
  get count(): number {
    return this.#sockets.size
  }

  letGo(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  async #openOne({ port, login }: HoldOrder): Promise<void> {
    if (login === undefined) return this.#openUnknown(port)
    const { socket } = await logIn({ port, protocol: 'imap', isTls: login.isTls })
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  #openUnknown(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('error', reject)
      socket.setTimeout(stallMs, () => socket.destroy(new Error('no banner came')))
      socket.once('data', () => {
        socket.setTimeout(0)
        this.#sockets.add(socket)
        resolve()
      })
      socket.once('close', () => {
        this.#sockets.delete(socket)
        reject(new Error('closed before its banner'))
      })
    })
  }
}
