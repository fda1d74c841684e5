// The lines of a session that are no commands: responses in a SASL exchange, and to its failure.

import { continueExchange, type ExchangeState, type ExchangeStep } from '../sasl/exchange.ts'
import { parseResponseLine } from './command-line.ts'

/** An OAuth login has failed, the client has been told why and is to confirm that. */
export interface LoginFailure {
  readonly confirmation: string
  readonly reply: string
  readonly keepsSession: boolean
}

export type ResponseStep =
  | ExchangeStep
  | { readonly kind: 'malformed' }
  /** The failure is confirmed: its reply can be said. */
  | { readonly kind: 'confirmed'; readonly reply: string }

/** RFC 7628 wants ^A in base64, Google's page an empty line. */
export const failureConfirmations: Readonly<Record<'oauthbearer' | 'xoauth2', string>> =
  Object.freeze({ oauthbearer: 'AQ==', xoauth2: '' })

/** Open while the client's next line belongs to a login and not to the protocol. */
export class LoginExchange {
  #state: ExchangeState | undefined
  #failure: LoginFailure | undefined

  get isOpen(): boolean {
    return this.#state !== undefined || this.#failure !== undefined
  }

  /** The client has been sent a challenge. */
  expect(state: ExchangeState): void {
    this.#state = state
  }

  /** The client has been sent the reason of a failure. */
  expectConfirmation(failure: LoginFailure): void {
    this.#failure = failure
  }

  /** Takes a line; words behind the first are counted and not looked at, as in freenginx. */
  respond(line: Buffer, wordsMax: number): ResponseStep {
    const words = parseResponseLine(line)
    if (words === undefined || words.length > wordsMax) return { kind: 'malformed' }
    if (this.#state !== undefined) return continueExchange(this.#state, words[0])
    const isConfirmed =
      words.length === 1 && words[0].toString('latin1') === this.#failure?.confirmation
    if (this.#failure === undefined || !isConfirmed) return { kind: 'invalid' }
    return { kind: 'confirmed', reply: this.#failure.reply }
  }

  /** Nothing of it is kept. False: it was to be the session's last. */
  end(): boolean {
    const keepsSession = this.#failure?.keepsSession ?? true
    this.#state = undefined
    this.#failure = undefined
    return keepsSession
  }
}
