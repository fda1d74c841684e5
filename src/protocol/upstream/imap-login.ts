// Logs in at an IMAP upstream: LOGIN with literals under the client's own tag (freenginx mail
// proxy), and before it, if asked for, ID with the client's address (RFC 2971) where the upstream
// says that it knows ID.

import { assert } from '../../base/assert.ts'
import type { AddressPort } from '../../base/endpoint.ts'
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
import { hasNul, SecretFinder } from './secrets.ts'

/** Who the client is, in the names Dovecot's `login_trusted_networks` reads. */
export interface ImapIdentity {
  readonly client: ClientIdentity
  /** Where the client connected to. */
  readonly connected?: AddressPort
}

export interface ImapLoginOptions {
  /** The tag of the client's LOGIN or AUTHENTICATE: the reply that ends it is the client's. */
  readonly tag: string
  readonly credentials: LoginCredentials
  readonly passErrors: boolean
  readonly replyMaxBytes?: number | undefined
  /** Absent: no ID is sent. An upstream that does not offer ID gets none. */
  readonly id?: ImapIdentity
}

/**
 * The client gets every untagged line since LOGIN and the tagged OK, all in one piece and only when
 * the OK has come.
 *
 * @example
 * const login = imapLogin({ tag: 'a1', credentials: { user, password }, passErrors: false })
 */
export function imapLogin(options: ImapLoginOptions): UpstreamLogin {
  return new LoginDialogue({
    script: new ImapScript(options),
    secrets: new SecretFinder(options.credentials),
    passErrors: options.passErrors,
    replyMaxBytes: options.replyMaxBytes,
    internalError: Buffer.from(internalErrorText('imap')),
  })
}

type Stage = 'greeting' | 'capability' | 'id' | 'login' | 'user' | 'password'

// What Dovecot's own proxies tell the first server behind them: of five hops four are left, so that
// proxies that send a client to each other come to an end.
const hopsLeft = 4

// What RFC 9051 calls a tag: printable, and nothing that means something elsewhere.
const tagPattern = /^[!#$&',-[\]^-z|}~]{1,255}$/
// However many digits: a length that does not fit must not be read as no length.
const literalPattern = /\{(\d+)\+?\}\r?\n$/

class ImapScript implements LoginScript {
  readonly unsendable: Unsendable | undefined
  readonly #options: ImapLoginOptions
  /** For commands of ours. */
  readonly #ownTag: string
  #stage: Stage = 'greeting'
  /** The line is the rest of one with a literal: it begins nothing. */
  #isAfterLiteral = false
  #offersId = false

  constructor(options: ImapLoginOptions) {
    const { tag, credentials } = options
    assert(tagPattern.test(tag), 'the client reader has checked the tag')
    this.#options = options
    this.#ownTag = tag === 'postern' ? 'postern2' : 'postern'
    if (hasNul(credentials.user)) this.unsendable = unsendable('user name with NUL')
    else if (hasNul(credentials.password)) {
      this.unsendable = unsendable('password with NUL')
    }
  }

  onLine(line: Buffer): LoginStep {
    const text = line.toString('latin1')
    const isStart = !this.#isAfterLiteral
    this.#isAfterLiteral = false
    if (this.#stage === 'greeting') return this.#onGreeting(text)
    if (isStart && !text.startsWith('* ')) return this.#onAnswer(text)
    if (isStart && /^\* BYE[ \r\n]/i.test(text)) return { kind: 'failed', fault: 'refused' }
    return this.#onUntagged(text)
  }

  denialOf(line: string): LoginDenial {
    return { text: line.slice(`${this.#options.tag} NO `.length) }
  }

  /** PREAUTH is no good: the session would be somebody's, and nobody knows whose. */
  #onGreeting(text: string): LoginStep {
    if (/^\* (?:BYE|NO|BAD)[ \r\n]/i.test(text)) return { kind: 'failed', fault: 'refused' }
    if (!/^\* OK[ \r\n]/i.test(text)) return { kind: 'failed', fault: 'invalid' }
    if (idFields(this.#options.id) === '') return this.#sendLogin()
    const listed = /^\* OK \[(CAPABILITY [^\]]*)\]/i.exec(text)?.[1]
    if (listed !== undefined) return this.#afterCapability(listed)
    this.#stage = 'capability'
    const bytes = Buffer.from(`${this.#ownTag} CAPABILITY\r\n`)
    return { kind: 'send', bytes, action: 'sending CAPABILITY to upstream' }
  }

  #afterCapability(listed: string): LoginStep {
    if (!offersId(listed)) return this.#sendLogin()
    this.#stage = 'id'
    const bytes = Buffer.from(`${this.#ownTag} ID (${idFields(this.#options.id)})\r\n`)
    return { kind: 'send', bytes, action: 'sending ID to upstream' }
  }

  /** Untagged lines before the tagged one; those that answer commands of ours are not the client's. */
  #onUntagged(text: string): LoginStep {
    const isOurs = this.#stage === 'capability' || this.#stage === 'id'
    const listed = /^\* (CAPABILITY .*)/i.exec(text)?.[1]
    if (this.#stage === 'capability' && listed !== undefined) this.#offersId = offersId(listed)
    const digits = literalPattern.exec(text)?.[1]
    if (digits === undefined) return { kind: 'aside', isKept: !isOurs }
    this.#isAfterLiteral = true
    return { kind: 'more', literalBytes: Number(digits) }
  }

  #onAnswer(text: string): LoginStep {
    const { tag, credentials } = this.#options
    const isContinuation = text.startsWith('+')
    if (this.#stage === 'capability' || this.#stage === 'id') {
      if (statusOf(text, this.#ownTag) === undefined) return { kind: 'failed', fault: 'invalid' }
      const isAsked = this.#stage === 'capability'
      return isAsked && this.#offersId ? this.#afterCapability('ID') : this.#sendLogin()
    }
    const status = statusOf(text, tag)
    if (status === 'NO' || status === 'BAD') {
      return { kind: 'failed', fault: status === 'NO' ? 'denied' : 'refused' }
    }
    if (this.#stage === 'login' && isContinuation) {
      this.#stage = 'user'
      const bytes = Buffer.concat([
        credentials.user,
        Buffer.from(` {${credentials.password.length}}\r\n`),
      ])
      return { kind: 'send', bytes, action: 'sending user name to upstream' }
    }
    if (this.#stage === 'user' && isContinuation) {
      this.#stage = 'password'
      const bytes = Buffer.concat([credentials.password, Buffer.from('\r\n')])
      return { kind: 'send', bytes, action: 'sending password to upstream' }
    }
    const isLoggedIn = this.#stage === 'password' && status === 'OK'
    return isLoggedIn ? { kind: 'done' } : { kind: 'failed', fault: 'invalid' }
  }

  #sendLogin(): LoginStep {
    const { tag, credentials } = this.#options
    this.#stage = 'login'
    const bytes = Buffer.from(`${tag} LOGIN {${credentials.user.length}}\r\n`)
    return { kind: 'send', bytes, action: 'sending LOGIN command to upstream' }
  }
}

/** The word behind the tag. Tags are compared exactly, status words in any case. */
function statusOf(text: string, tag: string): 'OK' | 'NO' | 'BAD' | undefined {
  if (!text.startsWith(`${tag} `)) return undefined
  const word = /^(OK|NO|BAD)[ \r\n]/i.exec(text.slice(tag.length + 1))?.[1]?.toUpperCase()
  return word === 'OK' || word === 'NO' || word === 'BAD' ? word : undefined
}

function offersId(capabilities: string): boolean {
  return /(?:^| )ID(?:$|[ \r\n])/i.test(capabilities)
}

/** Addresses and ports only, so there is nothing to be quoted in the values. */
function idFields(id: ImapIdentity | undefined): string {
  if (id?.client.address === undefined) return ''
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['x-originating-ip', id.client.address.text],
    ['x-originating-port', id.client.port?.toString()],
    ['x-connected-ip', id.connected?.address],
    ['x-connected-port', id.connected?.port.toString()],
    ['x-proxy-ttl', hopsLeft.toString()],
  ]
  return fields
    .flatMap(([name, value]) => (value === undefined ? [] : [`"${name}" "${value}"`]))
    .join(' ')
}
