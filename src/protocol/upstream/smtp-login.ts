// Brings a client's SMTP session to an upstream: EHLO, XCLIENT, the client's own HELO, AUTH or the
// envelope (freenginx mail proxy).

import { assert } from '../../base/assert.ts'
import { internalErrorText, smtpAuthenticated } from '../dialogue/last-words.ts'
import { UpstreamOffer } from '../smtp/extensions.ts'
import { parseReplyHead } from '../smtp/reply.ts'
import type { LoginCredentials, LoginDenial, UpstreamLogin } from './login.ts'
import {
  type LoginCommand,
  LoginDialogue,
  type LoginScript,
  type LoginStep,
  type Unsendable,
  unsendable,
} from './login-dialogue.ts'
import { breaksLine, hasNul, saslPlain, SecretFinder } from './secrets.ts'
import { proxyXclient, type XclientOptions } from './smtp-xclient.ts'

/** Without a password the login fails: CRAM-MD5 and its like do not give us one. */
export type SmtpAuth = Omit<LoginCredentials, 'password'> &
  Partial<Pick<LoginCredentials, 'password'>>

export interface SmtpLoginOptions {
  /** Our name in the first EHLO or HELO. */
  readonly serverName: string
  /** The client said EHLO, not HELO. */
  readonly isEsmtp: boolean
  /** What the client gave as its name; absent or empty: it said neither. */
  readonly helo?: Uint8Array
  /** Who logged in, for XCLIENT's LOGIN; absent or empty: nobody. */
  readonly login?: Uint8Array
  /** `proxy_smtp_auth`: the upstream checks the password as well. */
  readonly auth?: SmtpAuth
  /** Absent: no XCLIENT is sent. */
  readonly xclient?: XclientOptions
  /** The client's whole commands, without a login (`smtp_auth none`). */
  readonly envelope?: { readonly from: Uint8Array; readonly to: Uint8Array }
  readonly passErrors: boolean
  readonly replyMaxBytes?: number | undefined
}

/**
 * A client that logged in gets `235 2.0.0 OK` of ours when the upstream is ready for its mail; one
 * that did not gets the upstream's reply to its RCPT, whatever it is.
 *
 * @example
 * const login = smtpLogin({ serverName: 'mx.example', isEsmtp: true, passErrors: false })
 */
export function smtpLogin(options: SmtpLoginOptions): UpstreamLogin {
  assert(/^[!-~]{1,255}$/.test(options.serverName), 'the server name is one printable word')
  return new LoginDialogue({
    script: new SmtpScript(options),
    secrets: new SecretFinder(credentialsOf(options)),
    passErrors: options.passErrors,
    replyMaxBytes: options.replyMaxBytes,
    internalError: Buffer.from(internalErrorText('smtp')),
  })
}

type Stage = 'greeting' | 'helo' | 'xclient' | 'client_helo' | 'auth' | 'mail' | 'rcpt'

const lineEnd = Buffer.from('\r\n')
const loggedIn = Buffer.from(smtpAuthenticated)

class SmtpScript implements LoginScript {
  readonly unsendable: Unsendable | undefined
  readonly #options: SmtpLoginOptions
  #stage: Stage = 'greeting'
  #code: number | undefined
  #offer = new UpstreamOffer()

  constructor(options: SmtpLoginOptions) {
    this.#options = options
    this.unsendable = unsendableOf(options)
  }

  onLine(line: Buffer): LoginStep {
    const head = parseReplyHead(line)
    const isFirst = this.#code === undefined
    if (head === undefined || (!isFirst && head.code !== this.#code)) {
      return { kind: 'failed', fault: 'invalid' }
    }
    if (this.#stage === 'helo') {
      this.#offer.read({ bytes: line, isFirst, isLast: head.isLast, isCut: false })
    }
    this.#code = head.isLast ? undefined : head.code
    return head.isLast ? this.#onReply(head.code) : { kind: 'more' }
  }

  denialOf(line: string): LoginDenial {
    const [, code, text = ''] = /^(\d{3}(?: [45]\.\d{1,3}\.\d{1,3})?)(?: (.*))?$/s.exec(line) ?? []
    return code === undefined ? { text } : { text, code }
  }

  #onReply(code: number): LoginStep {
    if (!this.#isExpected(code)) {
      if (code < 400) return { kind: 'failed', fault: 'invalid' }
      // 421 says goodbye, whatever it stands behind.
      const isDenied = this.#stage === 'auth' && code !== 421
      return { kind: 'failed', fault: isDenied ? 'denied' : 'refused' }
    }
    if (this.#stage === 'rcpt') return { kind: 'done' }
    return this.#next()
  }

  #isExpected(code: number): boolean {
    switch (this.#stage) {
      case 'greeting':
        return code === 220
      case 'xclient':
        // Who offers it and then refuses it would take every client for us, whom it may trust.
        return code === 220 || code === 250
      case 'auth':
        return code === 235
      case 'rcpt':
        return true
      case 'helo':
      case 'client_helo':
      case 'mail':
        return code === 250
    }
  }

  /** The command that follows on a good reply; several stages are left out by the options. */
  #next(): LoginStep {
    const { envelope, xclient } = this.#options
    switch (this.#stage) {
      case 'greeting':
        return this.#send('helo', this.#firstHelo())
      case 'helo': {
        if (xclient === undefined) break
        const bytes = proxyXclient(xclient, {
          login: this.#loginForXclient(),
          offered: this.#offer.xclientAttributes,
          isEsmtp: this.#options.isEsmtp,
        })
        if (bytes !== undefined) {
          return this.#send('xclient', { bytes, action: 'sending XCLIENT to upstream' })
        }
        if (xclient.mode !== 'required') break
        return { kind: 'unusable', reason: 'upstream refused XCLIENT' }
      }
      case 'xclient':
        return this.#clientHelo() ?? this.#login()
      case 'mail':
        return this.#send('rcpt', {
          bytes: Buffer.concat([envelope?.to ?? lineEnd, lineEnd]),
          action: 'sending RCPT TO to upstream',
        })
      case 'auth':
        return { kind: 'done', reply: loggedIn }
      case 'client_helo':
      case 'rcpt':
        break
    }
    return this.#login()
  }

  #login(): LoginStep {
    const { envelope } = this.#options
    if (envelope !== undefined) {
      const bytes = Buffer.concat([envelope.from, lineEnd])
      return this.#send('mail', { bytes, action: 'sending MAIL FROM to upstream' })
    }
    const credentials = credentialsOf(this.#options)
    if (credentials === undefined) return { kind: 'done', reply: loggedIn }
    const bytes = Buffer.from(`AUTH PLAIN ${saslPlain(credentials)}\r\n`)
    return this.#send('auth', { bytes, action: 'sending AUTH to upstream' })
  }

  #firstHelo(): LoginCommand {
    const { serverName, isEsmtp, xclient } = this.#options
    const verb = isEsmtp || xclient !== undefined ? 'EHLO' : 'HELO'
    return {
      bytes: Buffer.from(`${verb} ${serverName}\r\n`),
      action: 'sending HELO/EHLO to upstream',
    }
  }

  /** After XCLIENT the upstream is at its beginning again. */
  #clientHelo(): LoginStep | undefined {
    const { helo, isEsmtp } = this.#options
    if (helo === undefined || helo.length === 0) return undefined
    const verb = Buffer.from(isEsmtp ? 'EHLO ' : 'HELO ')
    const bytes = Buffer.concat([verb, helo, lineEnd])
    return this.#send('client_helo', { bytes, action: 'sending client HELO/EHLO to upstream' })
  }

  /** Where the upstream sees the login in AUTH, XCLIENT does not say it as well. */
  #loginForXclient(): Uint8Array | undefined {
    const { login, auth } = this.#options
    return auth === undefined && login !== undefined && login.length > 0 ? login : undefined
  }

  #send(stage: Stage, command: LoginCommand): LoginStep {
    this.#stage = stage
    return { kind: 'send', ...command }
  }
}

function credentialsOf({ auth }: SmtpLoginOptions): LoginCredentials | undefined {
  return auth?.password === undefined ? undefined : { ...auth, password: auth.password }
}

function unsendableOf({ helo, envelope, auth }: SmtpLoginOptions): Unsendable | undefined {
  const isBroken = (text: Uint8Array | undefined): boolean => text !== undefined && breaksLine(text)
  if (isBroken(helo)) return unsendable('HELO name with a line end or NUL')
  if (isBroken(envelope?.from) || isBroken(envelope?.to)) {
    return unsendable('envelope with a line end or NUL')
  }
  if (envelope !== undefined || auth === undefined) return undefined
  if (auth.password === undefined) {
    return { reason: 'no password available while sending AUTH to upstream', level: 'error' }
  }
  if (hasNul(auth.user)) return unsendable('user name with NUL')
  return hasNul(auth.password) ? unsendable('password with NUL') : undefined
}
