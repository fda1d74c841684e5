// Logs in at a POP3 upstream: USER, PASS (freenginx mail proxy), and before them, where the greeting
// offers it, XCLIENT with the client's address (Dovecot).

import { internalErrorText } from '../dialogue/last-words.ts'
import type { ClientIdentity } from '../smtp/xclient.ts'
import type { LoginCredentials, LoginDenial, UpstreamLogin } from './login.ts'
import {
  LoginDialogue,
  type LoginScript,
  type LoginStep,
  type Unsendable,
  unsendable,
} from './login-dialogue.ts'
import { breaksLine, SecretFinder } from './secrets.ts'
import type { XclientOptions } from './smtp-xclient.ts'

export interface Pop3LoginOptions {
  readonly credentials: LoginCredentials
  readonly passErrors: boolean
  readonly replyMaxBytes?: number | undefined
  /** Absent: no XCLIENT is sent. */
  readonly xclient?: Pop3Xclient
}

export interface Pop3Xclient {
  /** `required`: an upstream that does not take it is not logged in to. */
  readonly mode: XclientOptions['mode']
  readonly client: ClientIdentity
}

/**
 * The reply to PASS goes to the client as it is.
 *
 * @example
 * const login = pop3Login({ credentials: { user, password }, passErrors: false })
 */
export function pop3Login(options: Pop3LoginOptions): UpstreamLogin {
  return new LoginDialogue({
    script: new Pop3Script(options),
    secrets: new SecretFinder(options.credentials),
    passErrors: options.passErrors,
    replyMaxBytes: options.replyMaxBytes,
    internalError: Buffer.from(internalErrorText('pop3')),
  })
}

class Pop3Script implements LoginScript {
  readonly unsendable: Unsendable | undefined
  readonly #credentials: LoginCredentials
  readonly #xclient: Pop3Xclient | undefined
  #stage: 'greeting' | 'xclient' | 'user' | 'password' = 'greeting'

  constructor({ credentials, xclient }: Pop3LoginOptions) {
    this.#credentials = credentials
    this.#xclient = xclient
    this.unsendable = unsendableOf(credentials)
  }

  denialOf(line: string): LoginDenial {
    return { text: line.slice('-ERR '.length) }
  }

  onLine(line: Buffer): LoginStep {
    const status = statusOf(line)
    if (status === undefined) return { kind: 'failed', fault: 'invalid' }
    if (status === '-ERR' && this.#stage === 'xclient') return this.#withoutXclient()
    if (status === '-ERR') {
      return { kind: 'failed', fault: this.#stage === 'greeting' ? 'refused' : 'denied' }
    }
    switch (this.#stage) {
      case 'greeting':
        return this.#onGreeting(line.toString('latin1'))
      case 'xclient':
        return this.#sendUser()
      case 'user':
        this.#stage = 'password'
        return command('PASS', this.#credentials.password, 'sending password to upstream')
      case 'password':
        return { kind: 'done' }
    }
  }

  #onGreeting(text: string): LoginStep {
    const xclient = this.#xclient
    if (xclient === undefined) return this.#sendUser()
    const { address, port } = xclient.client
    const isOffered = /^\+OK \[XCLIENT\]/i.test(text)
    if (!isOffered || address === undefined) return this.#withoutXclient()
    this.#stage = 'xclient'
    const words = ['XCLIENT', `ADDR=${address.text}`]
    if (port !== undefined) words.push(`PORT=${port}`)
    const bytes = Buffer.from(`${words.join(' ')}\r\n`)
    return { kind: 'send', bytes, action: 'sending XCLIENT to upstream' }
  }

  #withoutXclient(): LoginStep {
    if (this.#xclient?.mode !== 'required') return this.#sendUser()
    return { kind: 'unusable', reason: 'upstream refused XCLIENT' }
  }

  #sendUser(): LoginStep {
    this.#stage = 'user'
    return command('USER', this.#credentials.user, 'sending user name to upstream')
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
