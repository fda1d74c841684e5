// The highest ranks of many, kept in a heap: looking at a million costs no more memory than is kept.

interface Ranked<T> {
  readonly rank: number
  readonly item: T
}

export class Fullest<T> {
  readonly #countMax: number
  /** The lowest of those that are kept lies first. */
  readonly #heap: Ranked<T>[] = []

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  /** False: an item of this rank would not be kept, and needs not be made. */
  takes(rank: number): boolean {
    if (this.#heap.length < this.#countMax) return true
    const lowest = this.#heap[0]
    return lowest !== undefined && rank > lowest.rank
  }

  add(rank: number, item: T): void {
    if (!this.takes(rank)) return
    if (this.#heap.length < this.#countMax) {
      this.#heap.push({ rank, item })
      this.#rise(this.#heap.length - 1)
    } else {
      this.#heap[0] = { rank, item }
      this.#sink()
    }
  }

  /** The highest rank first. */
  sorted(): T[] {
    return this.#heap.toSorted((one, other) => other.rank - one.rank).map(({ item }) => item)
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1
      if (this.#rankAt(parent) <= this.#rankAt(at)) return
      this.#swap(parent, at)
      at = parent
    }
  }

  #sink(): void {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const child = this.#rankAt(right) < this.#rankAt(left) ? right : left
      if (this.#rankAt(child) >= this.#rankAt(at)) return
      this.#swap(child, at)
      at = child
    }
  }

  /** Beyond the end nothing is lower. */
  #rankAt(at: number): number {
    return this.#heap[at]?.rank ?? Number.POSITIVE_INFINITY
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#heap[one], this.#heap[other]]
    if (first === undefined || second === undefined) return
    this.#heap[one] = second
    this.#heap[other] = first
  }
}
