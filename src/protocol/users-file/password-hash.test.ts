// Expectations for reading password hashes.

import { scryptSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parsePasswordHash } from './password-hash.ts'

const salt = Buffer.from('sixteen bytes..!').toString('base64').replaceAll('=', '')
const hash = Buffer.alloc(32, 7).toString('base64').replaceAll('=', '')

function codeOf(text: string): string | undefined {
  const found = parsePasswordHash(text)
  return 'problem' in found ? found.problem.code : undefined
}

describe('a password hash', () => {
  it('may be bcrypt', () => {
    for (const version of ['a', 'b', 'y']) {
      const text = `$2${version}$10$${'./A'.repeat(17)}ab`
      expect(parsePasswordHash(text)).toEqual({ hash: { scheme: 'bcrypt', text, cost: 10 } })
    }
  })

  it('may be scrypt, with what node:crypto needs to check it', () => {
    const made = scryptSync('secret', Buffer.from(salt, 'base64'), 32, { N: 16, r: 8, p: 1 })
    const text = `$scrypt$ln=4,r=8,p=1$${salt}$${made.toString('base64').replaceAll('=', '')}`
    const found = parsePasswordHash(text)
    if (!('hash' in found) || found.hash.scheme !== 'scrypt') throw new Error('not scrypt')
    const { logCost, blockSize, parallelism } = found.hash
    const options = { N: 2 ** logCost, r: blockSize, p: parallelism }
    const again = scryptSync('secret', Buffer.from(found.hash.salt, 'base64'), 32, options)
    expect(again.equals(Buffer.from(found.hash.hash, 'base64'))).toBe(true)
  })

  it('may be argon2', () => {
    for (const variant of ['argon2id', 'argon2i', 'argon2d']) {
      expect(parsePasswordHash(`$${variant}$v=19$m=65536,t=3,p=4$${salt}$${hash}`)).toEqual({
        hash: {
          scheme: 'argon2',
          variant,
          memoryKib: 65_536,
          passes: 3,
          parallelism: 4,
          salt,
          hash,
        },
      })
    }
  })

  it("may have Dovecot's mark in front", () => {
    const text = `$2y$05$${'a'.repeat(53)}`
    expect(parsePasswordHash(`{BLF-CRYPT}${text}`)).toEqual(parsePasswordHash(text))
    expect(codeOf(`{argon2id}$argon2id$v=19$m=64,t=1,p=1$${salt}$${hash}`)).toBeUndefined()
  })

  it.each([
    ['', 'users.unknown_scheme'],
    ['{PLAIN}secret', 'users.unknown_scheme'],
    ['{SSHA}abc=', 'users.unknown_scheme'],
    ['$6$salt$hash', 'users.unknown_scheme'],
    [`$2x$10$${'a'.repeat(53)}`, 'users.bad_hash'],
    [`$2b$03$${'a'.repeat(53)}`, 'users.bad_hash'],
    [`$2b$10$${'a'.repeat(52)}`, 'users.bad_hash'],
    [`$2b$17$${'a'.repeat(53)}`, 'users.hash_too_costly'],
    [`$scrypt$ln=0,r=8,p=1$${salt}$${hash}`, 'users.bad_hash'],
    [`$scrypt$ln=15,r=8$${salt}$${hash}`, 'users.bad_hash'],
    [`$scrypt$ln=15,r=8,p=1$abc$${hash}`, 'users.bad_hash'],
    [`$scrypt$ln=15,r=8,p=1$${salt}$abcde`, 'users.bad_hash'],
    [`$scrypt$ln=19,r=8,p=1$${salt}$${hash}`, 'users.hash_too_costly'],
    [`$scrypt$ln=999,r=8,p=1$${salt}$${hash}`, 'users.hash_too_costly'],
    [`$scrypt$ln=10,r=8,p=17$${salt}$${hash}`, 'users.hash_too_costly'],
    [`$argon2id$v=16$m=64,t=1,p=1$${salt}$${hash}`, 'users.bad_hash'],
    [`$argon2id$v=19$m=7,t=1,p=1$${salt}$${hash}`, 'users.bad_hash'],
    [`$argon2x$v=19$m=64,t=1,p=1$${salt}$${hash}`, 'users.bad_hash'],
    [`$argon2id$v=19$m=262145,t=1,p=1$${salt}$${hash}`, 'users.hash_too_costly'],
    [`$argon2id$v=19$m=64,t=17,p=1$${salt}$${hash}`, 'users.hash_too_costly'],
  ])('is not %j', (text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  it('may cost as much as the strongest that is recommended', () => {
    expect(codeOf(`$scrypt$ln=17,r=8,p=1$${salt}$${hash}`)).toBeUndefined()
    expect(codeOf(`$scrypt$ln=18,r=8,p=1$${salt}$${hash}`)).toBeUndefined()
    expect(codeOf(`$2b$16$${'a'.repeat(53)}`)).toBeUndefined()
  })
})
