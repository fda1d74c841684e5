// Logs in at a POP3 upstream: USER, PASS (freenginx mail proxy).

import { internalErrorText } from '../dialogue/last-words.ts'
import type { LoginCredentials, UpstreamLogin } from './login.ts'
import {
  LoginDialogue,
  type LoginScript,
  type LoginStep,
  type Unsendable,
  unsendable,
} from './login-dialogue.ts'
import { breaksLine, SecretFinder } from './secrets.ts'

export interface Pop3LoginOptions {
  readonly credentials: LoginCredentials
  readonly passErrors: boolean
}

/**
 * The reply to PASS goes to the client as it is.
 *
 * @example
 * const login = pop3Login({ credentials: { user, password }, passErrors: false })
 */
export function pop3Login({ credentials, passErrors }: Pop3LoginOptions): UpstreamLogin {
  return new LoginDialogue({
    script: new Pop3Script(credentials),
    secrets: new SecretFinder(credentials),
    passErrors,
    internalError: Buffer.from(internalErrorText('pop3')),
  })
}

class Pop3Script implements LoginScript {
  readonly unsendable: Unsendable | undefined
  readonly #credentials: LoginCredentials
  #stage: 'greeting' | 'user' | 'password' = 'greeting'

  constructor(credentials: LoginCredentials) {
    this.#credentials = credentials
    this.unsendable = unsendableOf(credentials)
  }

  onLine(line: Buffer): LoginStep {
    const status = statusOf(line)
    if (status !== '+OK') {
      if (status === undefined) return { kind: 'failed', fault: 'invalid' }
      return { kind: 'failed', fault: this.#stage === 'greeting' ? 'refused' : 'denied' }
    }
    const { user, password } = this.#credentials
    switch (this.#stage) {
      case 'greeting':
        this.#stage = 'user'
        return command('USER', user, 'sending user name to upstream')
      case 'user':
        this.#stage = 'password'
        return command('PASS', password, 'sending password to upstream')
      case 'password':
        return { kind: 'done' }
    }
  }
}

/** A user name or password is the rest of its line: one with a line end would be two commands. */
function unsendableOf({ user, password }: LoginCredentials): Unsendable | undefined {
  if (breaksLine(user)) return unsendable('user name with a line end or NUL')
  if (breaksLine(password)) return unsendable('password with a line end or NUL')
  return undefined
}

function command(
  verb: 'USER' | 'PASS',
  argument: Uint8Array,
  action: 'sending user name to upstream' | 'sending password to upstream',
): LoginStep {
  const bytes = Buffer.concat([Buffer.from(`${verb} `), argument, Buffer.from('\r\n')])
  return { kind: 'send', bytes, action }
}

/** RFC 1939 writes both in capitals; `+OKAY` is neither. */
function statusOf(line: Buffer): '+OK' | '-ERR' | undefined {
  const match = /^(\+OK|-ERR)(?:[ \r\n]|$)/.exec(line.toString('latin1', 0, 5))
  return match?.[1] === '+OK' || match?.[1] === '-ERR' ? match[1] : undefined
}
