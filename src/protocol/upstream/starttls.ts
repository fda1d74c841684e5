// Asks an upstream for TLS on a connection that began without: STARTTLS, or STLS in POP3 (RFC 2595,
// RFC 3207). Ends when TLS may begin, and never without it: no offer, or a no, is a failure.

import { unreachable } from '../../base/assert.ts'
import { internalErrorText } from '../dialogue/last-words.ts'
import { parseReplyHead } from '../smtp/reply.ts'
import type { LoginDenial, UpstreamLogin } from './login.ts'
import { LoginDialogue, type LoginScript, type LoginStep } from './login-dialogue.ts'
import { SecretFinder } from './secrets.ts'

export interface StarttlsOptions {
  readonly service: 'imap' | 'pop3' | 'smtp'
  /** Our name in EHLO. */
  readonly ehloName: string
}

/**
 * `done` means that TLS begins. `toClient` is then the greeting as it may be passed on: what came
 * before TLS may have been anybody's, so it has no capabilities and no APOP timestamp any more.
 * `rest` must be empty: what stands behind the reply did not come from inside TLS.
 *
 * @example
 * const upgrade = starttlsUpgrade({ service: 'imap', ehloName: 'gate.example' })
 */
export function starttlsUpgrade({ service, ehloName }: StarttlsOptions): UpstreamLogin {
  return new LoginDialogue({
    script: scriptOf(service, ehloName),
    secrets: new SecretFinder(undefined),
    passErrors: false,
    internalError: Buffer.from(internalErrorText(service)),
  })
}

function scriptOf(service: StarttlsOptions['service'], ehloName: string): LoginScript {
  switch (service) {
    case 'imap':
      return new ImapStarttls()
    case 'pop3':
      return new Pop3Starttls()
    case 'smtp':
      return new SmtpStarttls(ehloName)
    default:
      return unreachable(service)
  }
}

const notOffered = { kind: 'unusable', reason: 'upstream does not offer STARTTLS' } as const
const refused = { kind: 'unusable', reason: 'upstream refused STARTTLS' } as const
const invalid = { kind: 'failed', fault: 'invalid' } as const

/** Nobody logs in here. */
function noDenial(): LoginDenial {
  return { text: '' }
}

function ask(command: string): LoginStep {
  const action = 'sending STARTTLS to upstream'
  return { kind: 'send', bytes: Buffer.from(`${command}\r\n`), action }
}

class ImapStarttls implements LoginScript {
  readonly unsendable = undefined
  readonly denialOf = noDenial
  #greeting: string | undefined

  onLine(line: Buffer): LoginStep {
    const text = line.toString('latin1')
    if (/^\* BYE[ \r\n]/i.test(text)) return { kind: 'failed', fault: 'refused' }
    if (this.#greeting === undefined) return this.#onGreeting(text)
    // A literal would be bytes that are not lines; no answer to STARTTLS has one.
    if (text.startsWith('* ') && !/\{\d+\+?\}\r?\n$/.test(text)) {
      return { kind: 'aside', isKept: false }
    }
    const status = /^postern (OK|NO|BAD)[ \r\n]/i.exec(text)?.[1]?.toUpperCase()
    if (status === undefined) return invalid
    return status === 'OK' ? { kind: 'done', reply: latin1(this.#greeting) } : refused
  }

  #onGreeting(text: string): LoginStep {
    if (!/^\* OK[ \r\n]/i.test(text)) return invalid
    const listed = /^\* OK \[CAPABILITY ([^\]]*)\]/i.exec(text)?.[1]
    if (listed !== undefined && !/(?:^| )STARTTLS(?: |$)/i.test(listed)) return notOffered
    this.#greeting = text.replace(/^(\* OK) \[[^\]\r\n]*\]/i, '$1')
    return ask('postern STARTTLS')
  }
}

class Pop3Starttls implements LoginScript {
  readonly unsendable = undefined
  readonly denialOf = noDenial
  #greeting: string | undefined

  onLine(line: Buffer): LoginStep {
    const text = line.toString('latin1')
    const isYes = /^\+OK(?:[ \r\n])/.test(text)
    if (!isYes && !/^-ERR(?:[ \r\n])/.test(text)) return invalid
    if (this.#greeting !== undefined) {
      return isYes ? { kind: 'done', reply: latin1(this.#greeting) } : refused
    }
    if (!isYes) return { kind: 'failed', fault: 'refused' }
    this.#greeting = text.replace(/ *<[^>\r\n]*>/g, '')
    return ask('STLS')
  }
}

class SmtpStarttls implements LoginScript {
  readonly unsendable = undefined
  readonly denialOf = noDenial
  readonly #ehloName: string
  readonly #greeting: string[] = []
  #stage: 'greeting' | 'ehlo' | 'starttls' = 'greeting'
  #code: number | undefined
  #isOffered = false

  constructor(ehloName: string) {
    this.#ehloName = ehloName
  }

  onLine(line: Buffer): LoginStep {
    const head = parseReplyHead(line)
    if (head === undefined || (this.#code !== undefined && head.code !== this.#code)) return invalid
    this.#code = head.isLast ? undefined : head.code
    const text = line.toString('latin1')
    if (this.#stage === 'greeting') this.#greeting.push(text)
    if (this.#stage === 'ehlo' && /^250[- ]STARTTLS[ \r\n]/i.test(text)) this.#isOffered = true
    return head.isLast ? this.#onReply(head.code) : { kind: 'more' }
  }

  #onReply(code: number): LoginStep {
    switch (this.#stage) {
      case 'greeting':
        if (code !== 220) return { kind: 'failed', fault: code < 400 ? 'invalid' : 'refused' }
        this.#stage = 'ehlo'
        return {
          kind: 'send',
          bytes: Buffer.from(`EHLO ${this.#ehloName}\r\n`),
          action: 'sending HELO/EHLO to upstream',
        }
      case 'ehlo':
        if (code !== 250 || !this.#isOffered) return notOffered
        this.#stage = 'starttls'
        return ask('STARTTLS')
      case 'starttls':
        return code === 220 ? { kind: 'done', reply: latin1(this.#greeting.join('')) } : refused
    }
  }
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
