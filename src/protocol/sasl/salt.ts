// The salt of one session: a text never used twice, over which APOP and CRAM-MD5 take a digest.

import type { Clock } from '../../base/clock.ts'

export interface SaltOptions {
  readonly serverName: string
  readonly clock: Clock
  /** Must not be guessable, or digests could be asked for in advance. */
  readonly randomBytes: (sizeBytes: number) => Uint8Array
}

// As wide as freenginx's random number, and too wide for two sessions to meet.
const randomSizeBytes = 8

/** Made when first needed, the same for the rest of the session (RFC 1939 shows it once). */
export class SessionSalt {
  readonly #options: SaltOptions
  #text: string | undefined

  constructor(options: SaltOptions) {
    this.#options = options
  }

  /** The salt, if the client was ever shown one. */
  get shown(): string | undefined {
    return this.#text
  }

  /** `<random.seconds@server>`, a message id as RFC 1939 wants it. */
  show(): string {
    this.#text ??= this.#make()
    return this.#text
  }

  #make(): string {
    const { serverName, clock, randomBytes } = this.#options
    const random = Buffer.from(randomBytes(randomSizeBytes)).readBigUInt64BE()
    return `<${random}.${Math.floor(clock.wallMs() / 1_000)}@${serverName}>`
  }
}
