// SMTP before login, in freenginx's words: what a submission client or, with `none`, an MTA meets.

import type { ClientDialogue, DialogueDetails, DialogueOptions } from '../dialogue/dialogue.ts'
import { type CommandLine, parseCommandLine } from '../dialogue/command-line.ts'
import { DialogueMachine } from '../dialogue/machine.ts'
import type { Protocol, ProtocolStep, Refused } from '../dialogue/protocol.ts'
import { safeText } from '../dialogue/safe-text.ts'
import { shownLine } from '../dialogue/shown.ts'
import { advertisedMechanisms } from '../sasl/auth-method.ts'

export interface SubmissionOptions extends DialogueOptions {
  /** `smtp_greeting_delay` is set: the greeting waits for `greetingDue`. */
  readonly hasGreetingDelay: boolean
}

/** The dialogue of a session on an SMTP listener that logs clients in. */
export function createSubmissionDialogue(options: SubmissionOptions): ClientDialogue {
  const protocol = new SubmissionProtocol(options)
  if (!options.hasGreetingDelay) return new DialogueMachine({ dialogue: options, protocol })
  const earlyTalkReply = '503 5.5.0 Improper use of SMTP command pipelining\r\n'
  return new DialogueMachine({ dialogue: options, protocol, earlyTalkReply })
}

// Those that freenginx can read. Of these VRFY, EXPN and HELP are never valid here.
const verbs = new Set('HELO EHLO AUTH QUIT NOOP MAIL RSET RCPT VRFY EXPN HELP STARTTLS'.split(' '))
// freenginx's bound; MAIL with every extension of today has fewer.
const wordsMax = 11

const invalid: ProtocolStep = Object.freeze({ kind: 'invalid' })
const ok = replyStep('250 2.0.0 OK')
const wrongArgument = replyStep('501 5.5.4 Invalid argument')
const wrongSequence = replyStep('503 5.5.1 Bad sequence of commands')

class SubmissionProtocol implements Protocol {
  readonly service = 'smtp'
  readonly responseWordsMax = wordsMax
  readonly challengePrefix = '334 '
  readonly #options: DialogueOptions
  #helo: Buffer | undefined
  #isEsmtp = false
  /** The whole command, of the open transaction. */
  #mailFrom: Buffer | undefined
  /** The whole command, when it is the one last read. */
  #rcptTo: Buffer | undefined
  #isTls: boolean

  constructor(options: DialogueOptions) {
    this.#options = options
    this.#isTls = options.isTls
  }

  greeting(): string {
    const { greeting, serverName } = this.#options
    return `220 ${greeting ?? `${serverName} ESMTP ready`}\r\n`
  }

  read(command: Buffer): ProtocolStep {
    this.#rcptTo = undefined
    const line = parseCommandLine(command)
    const isKnown = line !== undefined && verbs.has(line.verb)
    if (!isKnown || line.words.length > wordsMax) return { kind: 'malformed' }
    return this.#run(line, command)
  }

  readStart(start: Buffer): string | undefined {
    const verb = /^[a-z]+(?= )/i.exec(start.toString('latin1', 0, 9))?.[0].toUpperCase()
    return verb !== undefined && verbs.has(verb) ? verb : undefined
  }

  invalid(): string {
    return '500 5.5.1 Invalid command\r\n'
  }

  refused({ text, errorCode }: Refused): string {
    return `${safeText(errorCode ?? '535 5.7.0')} ${safeText(text)}\r\n`
  }

  limited(): string {
    return '454 4.7.0 Too many connections\r\n'
  }

  details(): DialogueDetails {
    return {
      service: 'smtp',
      isEsmtp: this.#isEsmtp,
      ...(this.#helo === undefined ? {} : { helo: this.#helo }),
      ...(this.#mailFrom === undefined ? {} : { mailFrom: this.#mailFrom }),
      ...(this.#rcptTo === undefined ? {} : { rcptTo: this.#rcptTo }),
    }
  }

  forgetLogin(): void {
    // A login leaves nothing here; a transaction is none and stays, so that RCPT can be tried again.
    this.#rcptTo = undefined
  }

  /** RFC 3207: what was learned before TLS is forgotten. */
  tlsStarted(): void {
    this.#isTls = true
    this.#isEsmtp = false
    this.#helo = undefined
    this.#mailFrom = undefined
  }

  #run(line: CommandLine, command: Buffer): ProtocolStep {
    switch (line.verb) {
      case 'HELO':
      case 'EHLO':
        return this.#hello(line)
      case 'AUTH':
        if (this.#options.starttls === 'only' && !this.#isTls) return invalid
        return line.words.length === 0 ? wrongArgument : { kind: 'exchange', words: line.words }
      case 'MAIL':
        return this.#mail(line, command)
      case 'RCPT':
        return this.#rcpt(line)
      case 'RSET':
        this.#mailFrom = undefined
        return ok
      case 'NOOP':
        return ok
      case 'QUIT':
        return { kind: 'quit', text: '221 2.0.0 Bye\r\n' }
      case 'STARTTLS':
        if (this.#isTls || this.#options.starttls === 'off') return invalid
        return { kind: 'starttls', text: '220 2.0.0 Start TLS\r\n' }
      default:
        return invalid
    }
  }

  #hello({ verb, words }: CommandLine): ProtocolStep {
    const [name] = words
    if (name === undefined || words.length !== 1) return wrongArgument
    this.#helo = Buffer.from(name)
    this.#mailFrom = undefined
    // Once said, EHLO stands: the upstream may then be greeted with it (freenginx).
    this.#isEsmtp ||= verb === 'EHLO'
    const lines = verb === 'HELO' ? [this.#options.serverName] : this.#extensions()
    const isLast = (index: number): boolean => index === lines.length - 1
    const text = lines.map((said, index) => `250${isLast(index) ? ' ' : '-'}${said}\r\n`).join('')
    return { kind: 'reply', text }
  }

  #extensions(): readonly string[] {
    const { serverName, capabilities, methods, starttls } = this.#options
    const mechanisms = advertisedMechanisms(methods)
    const auth = mechanisms.length === 0 ? [] : [['AUTH', ...mechanisms].join(' ')]
    const lines = [serverName, ...capabilities]
    if (this.#isTls || starttls === 'off') return [...lines, ...auth]
    return starttls === 'on' ? [...lines, ...auth, 'STARTTLS'] : [...lines, 'STARTTLS']
  }

  #mail({ words, text }: CommandLine, command: Buffer): ProtocolStep {
    if (!this.#options.methods.includes('none')) {
      const log = `client was rejected: "${shownLine(command)}"`
      return { kind: 'reply', text: '530 5.7.1 Authentication required\r\n', log }
    }
    if (this.#mailFrom !== undefined) return wrongSequence
    if (words.length === 0) return wrongArgument
    this.#mailFrom = Buffer.from(text)
    return ok
  }

  #rcpt({ words, text }: CommandLine): ProtocolStep {
    if (this.#mailFrom === undefined) return wrongSequence
    if (words.length === 0) return wrongArgument
    this.#rcptTo = Buffer.from(text)
    return { kind: 'credentials', credentials: { method: 'none' } }
  }
}

function replyStep(text: string): ProtocolStep {
  return Object.freeze({ kind: 'reply', text: `${text}\r\n` })
}
