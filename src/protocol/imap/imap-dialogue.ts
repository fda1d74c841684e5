// IMAP before login, in freenginx's words (RFC 3501's not authenticated state).

import { assert, unreachable } from '../../base/assert.ts'
import type { ClientDialogue, DialogueDetails, DialogueOptions } from '../dialogue/dialogue.ts'
import { DialogueMachine } from '../dialogue/machine.ts'
import type { Protocol, ProtocolStep, Refused } from '../dialogue/protocol.ts'
import { safeText } from '../dialogue/safe-text.ts'
import { advertisedMechanisms } from '../sasl/auth-method.ts'
import { imapTag, imapVerb, type ImapReading, parseImapCommand } from './imap-command.ts'

/** freenginx's `imap_capabilities`. */
export const defaultImapCapabilities: readonly string[] = Object.freeze([
  'IMAP4',
  'IMAP4rev1',
  'UIDPLUS',
])

/** The dialogue of a session on an IMAP listener. */
export function createImapDialogue(options: DialogueOptions): ClientDialogue {
  return new DialogueMachine({ dialogue: options, protocol: new ImapProtocol(options) })
}

type ImapCommand = Extract<ImapReading, { readonly kind: 'command' }>

const invalid: ProtocolStep = Object.freeze({ kind: 'invalid' })

class ImapProtocol implements Protocol {
  readonly service = 'imap'
  readonly responseWordsMax = 3
  readonly challengePrefix = '+ '
  readonly #options: DialogueOptions
  /** Of the command last read; undefined when it had none that can be repeated. */
  #tag: string | undefined
  #isTls: boolean

  constructor(options: DialogueOptions) {
    this.#options = options
    this.#isTls = options.isTls
  }

  greeting(): string {
    return `* OK ${this.#options.greeting ?? 'IMAP4 ready'}\r\n`
  }

  read(command: Buffer): ProtocolStep {
    const reading = parseImapCommand(command)
    this.#tag = reading.tag
    switch (reading.kind) {
      case 'command':
        return this.#run(reading)
      case 'literal': {
        const { sizeBytes, isSynchronizing } = reading
        const literal = { kind: 'literal', sizeBytes } as const
        return isSynchronizing ? { ...literal, invitation: '+ OK\r\n' } : literal
      }
      case 'malformed':
        return { kind: 'malformed', announcesLiteral: reading.announcesLiteral }
      default:
        return unreachable(reading)
    }
  }

  readStart(start: Buffer): string | undefined {
    this.#tag = imapTag(start)
    return imapVerb(start)
  }

  invalid(): string {
    return this.#tagged('BAD invalid command')
  }

  refused({ text }: Refused): string {
    return this.#tagged(`NO ${safeText(text)}`)
  }

  limited(): string {
    return this.#tagged('NO [UNAVAILABLE] Too many connections')
  }

  details(): DialogueDetails {
    assert(this.#tag !== undefined, 'a command that could be read has a tag')
    return { service: 'imap', tag: this.#tag }
  }

  forgetLogin(): void {
    // Nothing of a login outlives its command here.
  }

  tlsStarted(): void {
    this.#isTls = true
  }

  #run({ verb, words }: ImapCommand): ProtocolStep {
    const isTlsMissing = this.#options.starttls === 'only' && !this.#isTls
    switch (verb) {
      case 'LOGIN':
        return isTlsMissing ? invalid : loginStep(words)
      case 'AUTHENTICATE':
        return isTlsMissing ? invalid : { kind: 'exchange', words }
      case 'CAPABILITY':
        return this.#reply(this.#capability())
      case 'NOOP':
        return this.#reply('')
      case 'LOGOUT':
        return { kind: 'quit', text: `* BYE\r\n${this.#tagged('OK completed')}` }
      case 'STARTTLS':
        if (this.#isTls || this.#options.starttls === 'off') return invalid
        return { kind: 'starttls', text: this.#tagged('OK completed') }
      default:
        return unreachable(verb)
    }
  }

  #reply(untagged: string): ProtocolStep {
    return { kind: 'reply', text: untagged + this.#tagged('OK completed') }
  }

  #capability(): string {
    const { capabilities, methods, starttls } = this.#options
    const mechanisms = advertisedMechanisms(methods).map((mechanism) => `AUTH=${mechanism}`)
    const all = ['* CAPABILITY', ...capabilities]
    if (this.#isTls || starttls === 'off') all.push(...mechanisms)
    else if (starttls === 'on') all.push(...mechanisms, 'STARTTLS')
    else all.push('STARTTLS', 'LOGINDISABLED')
    return `${all.join(' ')}\r\n`
  }

  #tagged(text: string): string {
    return `${this.#tag ?? '*'} ${text}\r\n`
  }
}

function loginStep(words: readonly Buffer[]): ProtocolStep {
  const [login, password] = words
  const isComplete = words.length === 2 && login !== undefined && login.length > 0
  if (!isComplete || password === undefined) return invalid
  return { kind: 'credentials', credentials: { method: 'plain', login, password } }
}
