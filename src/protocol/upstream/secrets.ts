// Keeps passwords out of what a login lets be seen, and line ends out of what it sends.

import type { LoginCredentials } from './login.ts'

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Bytes that would end the text they stand in, and so begin another command. */
export function breaksLine(text: Uint8Array): boolean {
  return text.includes(lineFeed) || text.includes(carriageReturn) || text.includes(0)
}

/** No protocol has a way to say NUL: SASL PLAIN separates with it, IMAP strings exclude it. */
export function hasNul(text: Uint8Array): boolean {
  return text.includes(0)
}

/** RFC 4616: no authorisation identity, user, password, in base64. */
export function saslPlain({ user, password }: LoginCredentials): string {
  const separator = Buffer.alloc(1)
  return Buffer.concat([separator, user, separator, password]).toString('base64')
}

/** Tells whether an upstream repeats what it was told in confidence, as it is or in base64. */
export class SecretFinder {
  readonly #secrets: readonly string[]
  readonly #isForeign: boolean

  constructor(credentials: LoginCredentials | undefined) {
    this.#isForeign = credentials?.isPasswordForeign === true
    this.#secrets = credentials === undefined ? [] : secretsOf(credentials)
  }

  /** The client would learn a password from it that is not its own. */
  isRevealedBy(text: Buffer): boolean {
    return this.#isForeign && this.isIn(text)
  }

  /** Case does not count: servers quote commands in capitals. */
  isIn(text: Buffer): boolean {
    if (this.#secrets.length === 0) return false
    const folded = text.toString('latin1').toLowerCase()
    return this.#secrets.some((secret) => folded.includes(secret))
  }
}

function secretsOf(credentials: LoginCredentials): string[] {
  const password = Buffer.from(credentials.password)
  if (password.length === 0) return []
  const forms = [password.toString('latin1'), password.toString('base64'), saslPlain(credentials)]
  return forms.map((form) => form.toLowerCase())
}
