// POP3 before login, in freenginx's words (RFC 1939's authorization state).

import type { ClientDialogue, DialogueDetails, DialogueOptions } from '../dialogue/dialogue.ts'
import { type CommandLine, parseCommandLine } from '../dialogue/command-line.ts'
import { DialogueMachine } from '../dialogue/machine.ts'
import type { Protocol, ProtocolStep, Refused } from '../dialogue/protocol.ts'
import { safeText } from '../dialogue/safe-text.ts'
import { advertisedMechanisms, type AuthMethod, type SaslMechanism } from '../sasl/auth-method.ts'
import type { SessionSalt } from '../sasl/salt.ts'

/** freenginx's `pop3_capabilities`, since 1.29.0 with RESP-CODES (RFC 2449). */
export const defaultPop3Capabilities: readonly string[] = Object.freeze([
  'TOP',
  'USER',
  'UIDL',
  'RESP-CODES',
])

/**
 * The dialogue of a session on a POP3 listener. `bufferBytes` counts here as in the other two
 * protocols; freenginx has 128 bytes, in which no OAuth token fits.
 */
export function createPop3Dialogue(options: DialogueOptions): ClientDialogue {
  return new DialogueMachine({ dialogue: options, protocol: new Pop3Protocol(options) })
}

const verbs = new Set(['USER', 'PASS', 'APOP', 'AUTH', 'CAPA', 'STLS', 'QUIT', 'NOOP'])
// freenginx takes one more than APOP has, so that too many are not taken for an unknown form.
const wordsMax = 3

const invalid: ProtocolStep = Object.freeze({ kind: 'invalid' })
const ok: ProtocolStep = Object.freeze({ kind: 'reply', text: '+OK\r\n' })

class Pop3Protocol implements Protocol {
  readonly service = 'pop3'
  readonly responseWordsMax = wordsMax
  readonly challengePrefix = '+ '
  readonly #options: DialogueOptions
  /** The name given with USER, when PASS may follow. */
  #login: Buffer | undefined
  #isTls: boolean

  constructor(options: DialogueOptions) {
    this.#options = options
    this.#isTls = options.isTls
  }

  greeting(salt: SessionSalt): string {
    const { greeting, methods } = this.#options
    const isSalted = methods.includes('apop') || methods.includes('cram-md5')
    return `+OK ${greeting ?? 'POP3 ready'}${isSalted ? ` ${salt.show()}` : ''}\r\n`
  }

  read(command: Buffer): ProtocolStep {
    const line = parseCommandLine(command)
    if (line === undefined || !verbs.has(line.verb)) return { kind: 'malformed' }
    const hasOneArgument = line.verb === 'USER' || line.verb === 'PASS'
    if (!hasOneArgument && line.words.length > wordsMax) return { kind: 'malformed' }
    return this.#login === undefined ? this.#run(line) : this.#runAfterUser(line, this.#login)
  }

  readStart(start: Buffer): string | undefined {
    const verb = start.toString('latin1', 0, 4).toUpperCase()
    return verbs.has(verb) ? verb : undefined
  }

  invalid(): string {
    return '-ERR invalid command\r\n'
  }

  refused({ text }: Refused): string {
    return `-ERR ${safeText(text)}\r\n`
  }

  limited(): string {
    return '-ERR [SYS/TEMP] Too many connections\r\n'
  }

  details(): DialogueDetails {
    return { service: 'pop3' }
  }

  forgetLogin(): void {
    this.#login = undefined
  }

  tlsStarted(): void {
    this.#isTls = true
  }

  #run(line: CommandLine): ProtocolStep {
    const { starttls, methods } = this.#options
    const isTlsMissing = starttls === 'only' && !this.#isTls
    switch (line.verb) {
      case 'USER':
        if (isTlsMissing || line.argument.length === 0) return invalid
        this.#login = Buffer.from(line.argument)
        return ok
      case 'APOP':
        return isTlsMissing ? invalid : apopStep(line.words, methods)
      case 'AUTH':
        if (isTlsMissing) return invalid
        if (line.words.length > 0) return { kind: 'exchange', words: line.words }
        return listStep('+OK methods supported:', this.#mechanisms())
      case 'CAPA':
        return listStep('+OK Capability list follows', this.#capabilities(this.#isTls))
      case 'STLS':
        if (this.#isTls || starttls === 'off') return invalid
        return { kind: 'starttls', text: '+OK\r\n' }
      case 'QUIT':
        return { kind: 'quit', text: '+OK\r\n' }
      case 'NOOP':
        return ok
      default:
        return invalid
    }
  }

  #runAfterUser(line: CommandLine, login: Buffer): ProtocolStep {
    switch (line.verb) {
      case 'PASS': {
        this.#login = undefined
        if (line.argument.length === 0) return invalid
        const password = Buffer.from(line.argument)
        return { kind: 'credentials', credentials: { method: 'plain', login, password } }
      }
      case 'CAPA':
        return listStep('+OK Capability list follows', this.#capabilities(true))
      case 'QUIT':
        return { kind: 'quit', text: '+OK\r\n' }
      case 'NOOP':
        return ok
      default:
        return invalid
    }
  }

  /** PLAIN brings LOGIN with it, in POP3 only (freenginx). */
  #mechanisms(): readonly SaslMechanism[] {
    const { methods } = this.#options
    return advertisedMechanisms(methods.includes('plain') ? [...methods, 'login'] : methods)
  }

  /** Once a name was given STLS is no longer possible, and not listed: as if inside TLS. */
  #capabilities(asInTls: boolean): readonly string[] {
    const { capabilities, starttls } = this.#options
    const sasl = ['SASL', ...this.#mechanisms()].join(' ')
    if (asInTls || starttls === 'off') return [...capabilities, sasl]
    if (starttls === 'on') return [...capabilities, sasl, 'STLS']
    return [...capabilities.filter((capability) => capability.toUpperCase() !== 'USER'), 'STLS']
  }
}

function apopStep(words: readonly Buffer[], methods: readonly AuthMethod[]): ProtocolStep {
  const [login, response] = words
  if (words.length !== 2 || login === undefined || response === undefined) return invalid
  if (!methods.includes('apop')) return invalid
  const credentials = {
    method: 'apop',
    login: Buffer.from(login),
    response: Buffer.from(response),
  } as const
  return { kind: 'credentials', credentials }
}

function listStep(title: string, lines: readonly string[]): ProtocolStep {
  return { kind: 'reply', text: [title, ...lines, '.'].map((line) => `${line}\r\n`).join('') }
}
