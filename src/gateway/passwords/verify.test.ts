// Expectations for making and checking password hashes.

import { describe, expect, it } from 'vitest'
import { parsePasswordHash } from '../../protocol/users-file/password-hash.ts'
import type { PasswordHash } from '../../protocol/users-file/password-hash.ts'
import { bcryptPasswordMaxBytes, hashPassword, passwordSchemes } from './make.ts'
import { isPassword } from './verify.ts'

function parsed(text: string): PasswordHash {
  const found = parsePasswordHash(text)
  if ('problem' in found) throw new Error(found.problem.message)
  return found.hash
}

describe('a password', () => {
  it.each(passwordSchemes)('hashed with %s is found again, and no other is', async (scheme) => {
    const hash = parsed(await hashPassword(scheme, Buffer.from('pässword')))
    expect(await isPassword(hash, Buffer.from('pässword'))).toBe(true)
    expect(await isPassword(hash, Buffer.from('passwort'))).toBe(false)
    expect(await isPassword(hash, Buffer.alloc(0))).toBe(false)
  })

  it.each(passwordSchemes)('hashed with %s twice gives two hashes', async (scheme) => {
    const [one, two] = await Promise.all([
      hashPassword(scheme, Buffer.from('p')),
      hashPassword(scheme, Buffer.from('p')),
    ])
    expect(one).not.toBe(two)
  })

  it.each([
    // From the field: htpasswd's bcrypt, and the test vectors of the reference argon2.
    ['$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC', 'myPassword'],
    [
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
      'password',
    ],
    [
      '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
      'password',
    ],
  ])('is checked against the hash of another tool: %s', async (text, password) => {
    expect(await isPassword(parsed(text), Buffer.from(password))).toBe(true)
    expect(await isPassword(parsed(text), Buffer.from(`${password}!`))).toBe(false)
  })

  it('of more than 72 bytes is cut by bcrypt, which is why none is made of one', async () => {
    const long = 'x'.repeat(bcryptPasswordMaxBytes)
    const hash = parsed(await hashPassword('bcrypt', Buffer.from(long)))
    expect(await isPassword(hash, Buffer.from(`${long}more`))).toBe(true)
  })
})
