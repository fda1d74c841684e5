// Sessions whose length nobody knows, since the record shows them refused: they end when it is
// assumed that they would have.

/** Those of one Listen last equally long, so the first one in is the first one out. */
interface Queue<T> {
  readonly waiting: { readonly value: T; readonly endMs: number }[]
  head: number
}

/** So many that have ended are dropped at once, which is cheaper than one by one. */
const dropAt = 4096

export class Assumed<T> {
  readonly #queues = new Map<string, Queue<T>>()
  readonly #onEnd: (value: T, atMs: number) => void

  constructor(onEnd: (value: T, atMs: number) => void) {
    this.#onEnd = onEnd
  }

  /** Ends of one Listen must come in ascending order. */
  add(listenId: string, value: T, endMs: number): void {
    let queue = this.#queues.get(listenId)
    if (queue === undefined) {
      queue = { waiting: [], head: 0 }
      this.#queues.set(listenId, queue)
    }
    queue.waiting.push({ value, endMs })
  }

  /** Ends, in their order, all that end until now. */
  endUntil(nowMs: number): void {
    for (;;) {
      let next: Queue<T> | undefined
      let nextMs = Infinity
      for (const queue of this.#queues.values()) {
        const endMs = queue.waiting[queue.head]?.endMs
        if (endMs === undefined || endMs > nowMs || endMs >= nextMs) continue
        next = queue
        nextMs = endMs
      }
      if (next === undefined) return
      this.#endFirst(next, nextMs)
    }
  }

  /** Ends all at this time, whenever they would have ended. */
  endAll(nowMs: number): void {
    for (const queue of this.#queues.values()) {
      while (queue.head < queue.waiting.length) this.#endFirst(queue, nowMs)
    }
  }

  #endFirst(queue: Queue<T>, atMs: number): void {
    const ended = queue.waiting[queue.head]
    queue.head += 1
    if (queue.head >= dropAt) {
      queue.waiting.splice(0, queue.head)
      queue.head = 0
    }
    if (ended !== undefined) this.#onEnd(ended.value, atMs)
  }
}
