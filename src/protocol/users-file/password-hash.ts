// Reads how a password is hashed. The hashing itself is the gateway's business.

import { parseDecimal } from '../../base/address.ts'
import type { UsersFileCode } from './codes.ts'

/** bcrypt keeps everything in its text, as the libraries take it. */
export interface BcryptHash {
  readonly scheme: 'bcrypt'
  readonly text: string
  readonly cost: number
}

/** The parameters as `scrypt` of node:crypto wants them. Salt and hash are in base64. */
export interface ScryptHash {
  readonly scheme: 'scrypt'
  readonly logCost: number
  readonly blockSize: number
  readonly parallelism: number
  readonly salt: string
  readonly hash: string
}

export interface Argon2Hash {
  readonly scheme: 'argon2'
  readonly variant: 'argon2id' | 'argon2i' | 'argon2d'
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: string
  readonly hash: string
}

export type PasswordHash = BcryptHash | ScryptHash | Argon2Hash

export interface HashProblem {
  readonly code: UsersFileCode
  readonly message: string
  readonly hint: string
}

export type HashResult = { readonly hash: PasswordHash } | { readonly problem: HashProblem }

/** Sixteen times the cost of 12 that is usual: some four seconds of one core for each login. */
const bcryptCostMax = 16
/**
 * The memory of one login: OWASP's strongest scrypt takes 128 MiB; twice that, times the logins
 * that go on at once, is what an operator can still mean.
 */
const memoryMaxKib = 262_144
/** With the most memory, sixteen passes or lanes already take seconds. */
const passesMax = 16
/** RFC 7914 and RFC 9106 need 16 bytes of salt; 8 are found in the field, and nobody has over 64. */
const saltBytes = { min: 8, max: 64 }
/** Shorter than 16 bytes could be found by trying; longer than 64 gives nothing more. */
const hashBytes = { min: 16, max: 64 }

const bcryptPattern = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
const scryptPattern =
  /^\$scrypt\$ln=(\d{1,3}),r=(\d{1,4}),p=(\d{1,4})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
const argon2Pattern =
  /^\$(argon2(?:id|i|d))\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,4})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
// Dovecot's mark before a hash that says by itself what it is.
const dovecotMark = /^\{(?:BLF-CRYPT|CRYPT|ARGON2ID|ARGON2I)\}(?=\$)/i

const newHash = 'make a new one: postern users add'

/**
 * Parses a hash as bcrypt writes it, or in the PHC string format. Its text is never repeated in a
 * problem: logs are read by more people than users files are.
 *
 * @example
 * parsePasswordHash('$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA')
 */
export function parsePasswordHash(written: string): HashResult {
  const text = written.replace(dovecotMark, '')
  if (text.startsWith('$2')) return parseBcrypt(text)
  if (text.startsWith('$scrypt$')) return parseScrypt(text)
  if (text.startsWith('$argon2')) return parseArgon2(text)
  const message = 'the hash is neither bcrypt, nor scrypt or argon2 in the PHC string format'
  return { problem: { code: 'users.unknown_scheme', message, hint: newHash } }
}

function parseBcrypt(text: string): HashResult {
  const cost = bcryptPattern.exec(text)?.[1]
  if (cost === undefined || Number(cost) < 4) return malformed('bcrypt', '$2b$12$…')
  if (Number(cost) > bcryptCostMax) return tooCostly(`a cost of at most ${bcryptCostMax}`)
  return { hash: { scheme: 'bcrypt', text, cost: Number(cost) } }
}

function parseScrypt(text: string): HashResult {
  const [, ln = '', r = '', p = '', salt = '', hash = ''] = scryptPattern.exec(text) ?? []
  const [logCost, blockSize, parallelism] = [ln, r, p].map(positive)
  const isWhole = hasSize(salt, saltBytes) && hasSize(hash, hashBytes)
  if (logCost === undefined || blockSize === undefined || parallelism === undefined || !isWhole) {
    return malformed('scrypt', '$scrypt$ln=15,r=8,p=1$SALT$HASH')
  }
  // 128 bytes a block (RFC 7914); as a logarithm, since 2 to the power of 999 is no number.
  const logKib = logCost + Math.log2(blockSize) + Math.log2(128 / 1024)
  if (logKib > Math.log2(memoryMaxKib) || parallelism > passesMax) {
    return tooCostly(`at most ${memoryMaxKib / 1024} MiB and p=${passesMax}`)
  }
  return { hash: { scheme: 'scrypt', logCost, blockSize, parallelism, salt, hash } }
}

function parseArgon2(text: string): HashResult {
  const [, name, m = '', t = '', p = '', salt = '', hash = ''] = argon2Pattern.exec(text) ?? []
  const variant = variantOf(name)
  const [memoryKib, passes, parallelism] = [m, t, p].map(positive)
  const isWhole = hasSize(salt, saltBytes) && hasSize(hash, hashBytes)
  const isRead = memoryKib !== undefined && passes !== undefined && parallelism !== undefined
  // RFC 9106 wants eight blocks a lane at least.
  if (variant === undefined || !isRead || !isWhole || memoryKib < 8 * parallelism) {
    return malformed('argon2', '$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH')
  }
  if (memoryKib > memoryMaxKib || passes > passesMax || parallelism > passesMax) {
    return tooCostly(`at most m=${memoryMaxKib}, t=${passesMax} and p=${passesMax}`)
  }
  return { hash: { scheme: 'argon2', variant, memoryKib, passes, parallelism, salt, hash } }
}

function variantOf(name: string | undefined): Argon2Hash['variant'] | undefined {
  return name === 'argon2id' || name === 'argon2i' || name === 'argon2d' ? name : undefined
}

function positive(digits: string): number | undefined {
  const value = parseDecimal(digits, 99_999_999)
  return value === 0 ? undefined : value
}

/** Base64 without padding: a single letter left over is no byte. */
function hasSize(base64: string, { min, max }: { readonly min: number; readonly max: number }) {
  const bytes = Math.floor((base64.length * 3) / 4)
  return base64.length % 4 !== 1 && bytes >= min && bytes <= max
}

function malformed(scheme: PasswordHash['scheme'], form: string): HashResult {
  const message = `the ${scheme} hash is cut, or has a part that is not as the scheme writes it`
  return { problem: { code: 'users.bad_hash', message, hint: `it looks like ${form}; ${newHash}` } }
}

function tooCostly(limit: string): HashResult {
  const message = 'checking the hash would take too much memory or time'
  const hint = `allowed is ${limit}; ${newHash}`
  return { problem: { code: 'users.hash_too_costly', message, hint } }
}
