// Whether a password is the one of a hash. Each scheme's work is done by a library, off the event
// loop, in the threads that libuv keeps.

import { timingSafeEqual } from 'node:crypto'
import type {
  Argon2Hash,
  PasswordHash,
  ScryptHash,
} from '../../protocol/users-file/password-hash.ts'
import { loadArgon2, loadBcrypt } from './libraries.ts'
import { scryptOf } from './scrypt.ts'

/** Rejects when the scheme's library is not there. */
export async function isPassword(hash: PasswordHash, password: Uint8Array): Promise<boolean> {
  switch (hash.scheme) {
    case 'bcrypt': {
      const { verify } = await loadBcrypt()
      return verify(password, hash.text)
    }
    case 'scrypt':
      return isScrypt(hash, password)
    case 'argon2':
      return isArgon2(hash, password)
  }
}

async function isScrypt(hash: ScryptHash, password: Uint8Array): Promise<boolean> {
  const wanted = Buffer.from(hash.hash, 'base64')
  const salt = Buffer.from(hash.salt, 'base64')
  const { logCost, blockSize, parallelism } = hash
  const parts = { salt, logCost, blockSize, parallelism, sizeBytes: wanted.length }
  return timingSafeEqual(await scryptOf(password, parts), wanted)
}

// As the library numbers them.
const variants = { argon2d: 0, argon2i: 1, argon2id: 2 } as const

async function isArgon2(hash: Argon2Hash, password: Uint8Array): Promise<boolean> {
  const { hashRaw } = await loadArgon2()
  const wanted = Buffer.from(hash.hash, 'base64')
  const made = await hashRaw(password, {
    algorithm: variants[hash.variant],
    memoryCost: hash.memoryKib,
    timeCost: hash.passes,
    parallelism: hash.parallelism,
    salt: Buffer.from(hash.salt, 'base64'),
    outputLen: wanted.length,
  })
  return timingSafeEqual(made, wanted)
}
