// One SASL exchange, from the mechanism's name to credentials, for all three protocols.

import { acceptedMechanism, type AuthMethod, type SaslMechanism } from './auth-method.ts'
import { decodeBase64 } from './base64.ts'
import type { Credentials } from './credentials.ts'
import { readMessage } from './message.ts'
import type { SessionSalt } from './salt.ts'

/** Where an exchange stands between two lines. `login`: LOGIN has been told it. */
export interface ExchangeState {
  readonly mechanism: SaslMechanism
  readonly login?: Buffer
}

export type ExchangeStep =
  /** `text` is base64, to be sent behind `+ ` or `334 `. */
  | { readonly kind: 'challenge'; readonly text: string; readonly state: ExchangeState }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  /** Not a valid command; `log` says why, where freenginx's log does. */
  | { readonly kind: 'invalid'; readonly log?: string }

export interface ExchangeContext {
  readonly methods: readonly AuthMethod[]
  readonly salt: SessionSalt
}

const usernameChallenge = 'VXNlcm5hbWU6'
const passwordChallenge = 'UGFzc3dvcmQ6'

/** Begins with the words behind AUTH or AUTHENTICATE: a mechanism, perhaps an initial response. */
export function beginExchange(words: readonly Buffer[], context: ExchangeContext): ExchangeStep {
  const [name, initial] = words
  const mechanism = name === undefined ? undefined : acceptedMechanism(name, context.methods)
  // In CRAM-MD5 the server speaks first.
  const wordsMax = mechanism === 'CRAM-MD5' ? 1 : 2
  if (mechanism === undefined || words.length > wordsMax) return { kind: 'invalid' }
  const state = { mechanism }
  if (initial !== undefined) return continueExchange(state, initial)
  return { kind: 'challenge', text: firstChallenge(mechanism, context), state }
}

/** Goes on with a line of the client, still in base64. */
export function continueExchange(state: ExchangeState, response: Buffer): ExchangeStep {
  const { mechanism, login } = state
  const message = decodeBase64(response)
  if (message === undefined) return invalid('base64 encoding', mechanism)
  if (mechanism !== 'LOGIN') {
    const reading = readMessage(mechanism, message)
    return reading.kind === 'wrong' ? invalid(reading.wrong, mechanism) : reading
  }
  if (login === undefined) {
    return { kind: 'challenge', text: passwordChallenge, state: { mechanism, login: message } }
  }
  return { kind: 'credentials', credentials: { method: 'plain', login, password: message } }
}

function firstChallenge(mechanism: SaslMechanism, { salt }: ExchangeContext): string {
  switch (mechanism) {
    case 'LOGIN':
    // freenginx asks for a user name here too.
    case 'EXTERNAL':
      return usernameChallenge
    case 'CRAM-MD5':
      return Buffer.from(salt.show()).toString('base64')
    case 'PLAIN':
    case 'XOAUTH2':
    case 'OAUTHBEARER':
      return ''
  }
}

/** The text names what was wrong, never what was sent: that may be a password. */
function invalid(what: string, mechanism: SaslMechanism): ExchangeStep {
  return { kind: 'invalid', log: `client sent invalid ${what} in AUTH ${mechanism} command` }
}
