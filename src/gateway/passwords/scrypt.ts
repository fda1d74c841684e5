// scrypt of node:crypto as a promise, off the event loop.

import { scrypt } from 'node:crypto'

interface ScryptParts {
  readonly salt: Uint8Array
  readonly logCost: number
  readonly blockSize: number
  readonly parallelism: number
  readonly sizeBytes: number
}

export function scryptOf(password: Uint8Array, parts: ScryptParts): Promise<Buffer> {
  const { salt, logCost, blockSize, parallelism, sizeBytes } = parts
  const cost = 2 ** logCost
  // What RFC 7914 needs, and a block more for each lane; node:crypto's default is 32 MiB.
  const maxmem = 128 * blockSize * (cost + parallelism + 2)
  const options = { cost, blockSize, parallelization: parallelism, maxmem }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, sizeBytes, options, (error, derived) => {
      if (error === null) resolve(derived)
      else reject(error)
    })
  })
}
