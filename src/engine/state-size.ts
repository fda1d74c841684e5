// How much of a zone a state takes (SEMANTICS S16, freenginx limit_conn_zone).

/** Bytes of key a state of each size holds; the rest of the state is its count and its links. */
const sizes = [
  { keyBytesMax: 28, stateBytes: 64 },
  { keyBytesMax: 92, stateBytes: 128 },
  { keyBytesMax: 220, stateBytes: 256 },
] as const

/** Longer keys are counted under their digest (SEMANTICS S15), so nothing is larger than this. */
const largestStateBytes = 512

/** Bytes that the state of a key takes in a zone with a size. */
export function stateBytes(key: string): number {
  return stateBytesOf(Buffer.byteLength(key))
}

/** The same for a key of so many bytes. */
export function stateBytesOf(keyBytes: number): number {
  for (const size of sizes) {
    if (keyBytes <= size.keyBytesMax) return size.stateBytes
  }
  return largestStateBytes
}
