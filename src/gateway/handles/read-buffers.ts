// The memory that relayed bytes pass through: one buffer that all connections of a thread read into,
// and a few that those have to themselves which move a lot.

// What libuv reads at once, as Node's own Sockets do.
export const readBytesMax = 65_536
// Two megabytes. So many connections can be in the middle of a large transfer in one turn of the
// event loop without copying; the others copy, which costs them a fifth more.
const ownMax = 32

/** Buffers of one thread. */
export class ReadBuffers {
  /**
   * For everybody who reads. Valid until the reading handler returns, so what stays must be copied.
   */
  readonly shared: Buffer = Buffer.allocUnsafeSlow(readBytesMax)
  readonly #free: Buffer[] = []
  #madeCount = 0

  /** A buffer of one's own; undefined when there are enough of them. */
  take(): Buffer | undefined {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#madeCount === ownMax) return undefined
    this.#madeCount += 1
    return Buffer.allocUnsafeSlow(readBytesMax)
  }

  give(buffer: Buffer): void {
    this.#free.push(buffer)
  }

  /** How many are out. */
  get takenCount(): number {
    return this.#madeCount - this.#free.length
  }
}
