// One row of session numbers for all workers of a host.

/** Each worker takes so many at a time, so that they seldom meet. */
const blockSize = 1000

/** Memory of the row. */
export function sessionNumberMemory(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4))
}

/** Draws from the row: unique in the host, and in each worker ascending. */
export function sessionNumbers(memory: Int32Array): () => number {
  let next = 0
  let end = 0
  return () => {
    if (next === end) {
      next = Atomics.add(memory, 0, 1) * blockSize + 1
      end = next + blockSize
    }
    next += 1
    return next - 1
  }
}
