// Orders that are answered later: numbers them, and settles each when its answer comes.

import type { Answer } from './messages.ts'

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

export class Orders {
  readonly #waiting = new Map<number, Waiting>()
  #last = 0
  #lost: Error | undefined

  /** `send` is given the order's number. Resolves with its result, which whoever asks knows. */
  give(send: (number: number) => void): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    this.#last += 1
    const number = this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
      send(number)
    })
  }

  settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.number)
    this.#waiting.delete(answer.number)
    if (answer.kind === 'done') waiting?.resolve(answer.result)
    else waiting?.reject(new Error(answer.message))
  }

  /** Nobody will answer any more. */
  lose(error: Error): void {
    this.#lost = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
