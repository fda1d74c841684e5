// Makes the hash of a new password, as a users file has it.

import { randomBytes } from 'node:crypto'
import { loadArgon2, loadBcrypt } from './libraries.ts'
import { scryptOf } from './scrypt.ts'

export const passwordSchemes = ['scrypt', 'bcrypt', 'argon2id'] as const
export type PasswordScheme = (typeof passwordSchemes)[number]

/** bcrypt looks at no more: what stands behind would not be checked. */
export const bcryptPasswordMaxBytes = 72

// OWASP's password storage page: scrypt with 128 MiB is its first choice, 32 MiB and three lanes the
// same strength with less memory. A gate checks two at once, so the smaller one.
const scrypt = { logCost: 15, blockSize: 8, parallelism: 3, sizeBytes: 32 } as const
// The same page: 19 MiB, two passes, one lane.
const argon2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const
const bcryptCost = 12

/** Rejects when the scheme's library is not there. */
export async function hashPassword(scheme: PasswordScheme, password: Uint8Array): Promise<string> {
  switch (scheme) {
    case 'scrypt': {
      const salt = randomBytes(16)
      const hash = await scryptOf(password, { ...scrypt, salt })
      const { logCost, blockSize, parallelism } = scrypt
      return `$scrypt$ln=${logCost},r=${blockSize},p=${parallelism}$${base64(salt)}$${base64(hash)}`
    }
    case 'bcrypt': {
      const { hash } = await loadBcrypt()
      return hash(Buffer.from(password), bcryptCost)
    }
    case 'argon2id': {
      const { hash } = await loadArgon2()
      return hash(password, { ...argon2, salt: randomBytes(16) })
    }
  }
}

/** Without padding, as the PHC string format has it. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
