// Runs a dialogue before login, whatever the protocol: reading, counting, SASL, waiting, ending.

import { assert, unreachable } from '../../base/assert.ts'
import { beginExchange } from '../sasl/exchange.ts'
import type { Credentials } from '../sasl/credentials.ts'
import { SessionSalt } from '../sasl/salt.ts'
import { ByteHold } from '../smtp/byte-hold.ts'
import { Answer } from './answer.ts'
import { holdMaxBytes, holdPauseBytes } from './bounds.ts'
import { CommandReader } from './command-reader.ts'
import type {
  AuthOutcome,
  ClientDialogue,
  DialogueActions,
  DialogueCloseReason,
  DialogueOptions,
} from './dialogue.ts'
import { internalErrorText } from './last-words.ts'
import { failureConfirmations, LoginExchange, type ResponseStep } from './login-exchange.ts'
import type { Protocol, ProtocolStep, Refused } from './protocol.ts'
import { safeText } from './safe-text.ts'
import { shownEarlyTalk } from './shown.ts'

export interface MachineOptions {
  readonly dialogue: DialogueOptions
  readonly protocol: Protocol
  /** The greeting waits for `greetingDue`; who speaks before it reads this and must go. */
  readonly earlyTalkReply?: string
}

type Step = ProtocolStep | ResponseStep

/** See ClientDialogue. One command is answered at a time, in the order in which they came. */
export class DialogueMachine implements ClientDialogue {
  readonly #options: DialogueOptions
  readonly #protocol: Protocol
  readonly #earlyTalkReply: string | undefined
  readonly #salt: SessionSalt
  readonly #reader: CommandReader
  readonly #exchange = new LoginExchange()
  readonly #answer = new Answer()
  /** What came while credentials are looked at. */
  readonly #waiting = new ByteHold({ maxBytes: holdMaxBytes })
  #phase: 'new' | 'delayed' | 'commands' | 'waiting' | 'handshake' | 'ended' = 'new'
  #method: Credentials['method'] = 'plain'
  #errorCount = 0
  #commandCount = 0
  #attemptCount = 0

  constructor({ dialogue, protocol, earlyTalkReply }: MachineOptions) {
    const texts = [dialogue.serverName, dialogue.greeting ?? '', ...dialogue.capabilities]
    assert(
      texts.every((text) => safeText(text) === text),
      'what is announced has no line ends',
    )
    this.#options = dialogue
    this.#protocol = protocol
    this.#earlyTalkReply = earlyTalkReply
    this.#salt = new SessionSalt(dialogue)
    this.#reader = new CommandReader({ maxBytes: dialogue.bufferBytes })
  }

  get bufferedBytes(): number {
    return this.#reader.heldBytes + this.#waiting.length
  }

  start(): DialogueActions {
    assert(this.#phase === 'new', 'a dialogue starts once')
    if (this.#earlyTalkReply === undefined) this.#greet()
    else this.#phase = 'delayed'
    return this.#takeActions()
  }

  greetingDue(): DialogueActions {
    if (this.#phase === 'delayed') this.#greet()
    return this.#takeActions()
  }

  fromClient(chunk: Buffer): DialogueActions {
    assert(this.#phase !== 'new', 'a dialogue is started before it is fed')
    if (this.#phase === 'commands') this.#readCommands(chunk)
    else if (this.#phase === 'waiting') this.#hold(chunk)
    else if (this.#phase === 'delayed' && chunk.length > 0) this.#onEarlyTalk(chunk)
    // What comes in plain text behind STARTTLS is dropped: it would be read as sent inside TLS.
    return this.#takeActions()
  }

  tlsStarted(): DialogueActions {
    assert(this.#phase === 'handshake', 'TLS was asked for')
    this.#phase = 'commands'
    this.#protocol.tlsStarted()
    return this.#takeActions()
  }

  authenticated(outcome: AuthOutcome): DialogueActions {
    // The session may have ended by the client's doing while this was on its way.
    if (this.#phase === 'ended') return this.#takeActions()
    assert(this.#phase === 'waiting', 'an outcome answers credentials')
    this.#onOutcome(outcome)
    this.#resume()
    return this.#takeActions()
  }

  #resume(): void {
    if (this.#phase === 'commands') this.#readCommands(this.#waiting.take())
  }

  #greet(): void {
    this.#phase = 'commands'
    this.#answer.say(this.#protocol.greeting(this.#salt))
  }

  #onEarlyTalk(chunk: Buffer): void {
    const text = `client was rejected before greeting: "${shownEarlyTalk(chunk)}"`
    this.#answer.log(text, 'in delay pipelining state')
    this.#answer.say(this.#earlyTalkReply ?? '')
    this.#end('client spoke before the greeting')
  }

  #readCommands(chunk: Buffer): void {
    this.#reader.push(chunk)
    while (this.#phase === 'commands') {
      const reading = this.#reader.next()
      if (reading === undefined) return
      if (reading.kind === 'command') this.#onCommand(reading.bytes)
      else this.#onTooLong(reading.start)
    }
    const rest = this.#reader.takeRest()
    if (this.#phase === 'waiting') this.#hold(rest)
  }

  #hold(bytes: Buffer): void {
    if (this.#waiting.push(bytes)) return
    this.#end('too much sent before the reply')
  }

  #onCommand(bytes: Buffer): void {
    const step: Step = this.#exchange.isOpen
      ? this.#exchange.respond(bytes, this.#protocol.responseWordsMax)
      : this.#protocol.read(bytes)
    if (step.kind === 'literal') {
      if (!this.#reader.extend(bytes, step.sizeBytes)) this.#onTooLong(bytes)
      else if (step.invitation !== undefined) this.#answer.say(step.invitation)
    } else if (step.kind === 'malformed') {
      this.#onMalformed('announcesLiteral' in step && step.announcesLiteral)
    } else {
      this.#commandCount += 1
      if (this.#commandCount <= this.#options.commandsMax) this.#onStep(step)
      else this.#endInvalid('too many commands', 'client sent too many commands')
    }
  }

  #onStep(step: Exclude<Step, { readonly kind: 'literal' | 'malformed' }>): void {
    switch (step.kind) {
      case 'reply':
        if (step.log !== undefined) this.#answer.log(step.log, 'in auth state')
        this.#answer.say(step.text)
        return
      case 'invalid':
        this.#onInvalid('log' in step ? step.log : undefined)
        return
      case 'exchange': {
        const { methods } = this.#options
        const begun = beginExchange(step.words, { methods, salt: this.#salt })
        this.#onStep(begun)
        return
      }
      case 'challenge':
        this.#exchange.expect(step.state)
        this.#answer.say(`${this.#protocol.challengePrefix}${step.text}\r\n`)
        return
      case 'confirmed':
        this.#endLogin(step.reply)
        return
      case 'credentials':
        this.#onCredentials(step.credentials)
        return
      case 'starttls':
        this.#answer.say(step.text)
        this.#phase = 'handshake'
        this.#answer.ask({ kind: 'starttls' })
        return
      case 'quit':
        this.#answer.say(step.text)
        this.#end('client quit')
        return
      default:
        unreachable(step)
    }
  }

  #onCredentials(credentials: Credentials): void {
    this.#exchange.end()
    this.#phase = 'waiting'
    this.#method = credentials.method
    this.#attemptCount += 1
    const salt = credentials.method === 'plain' ? undefined : this.#salt.shown
    this.#answer.ask({
      kind: 'credentials',
      credentials,
      details: this.#protocol.details(),
      attempt: this.#attemptCount,
      ...(salt === undefined ? {} : { salt }),
    })
  }

  #onTooLong(start: Buffer): void {
    const isCommand = !this.#exchange.isOpen
    // freenginx shows the command; but it may be LOGIN, or a password by itself.
    const verb = isCommand ? this.#protocol.readStart(start) : undefined
    this.#endInvalid('too long command', `client sent too long command "${verb ?? ''}..."`)
  }

  #onMalformed(announcesLiteral: boolean): void {
    this.#errorCount += 1
    if (this.#errorCount >= this.#options.errorsMax) {
      this.#endInvalid('too many invalid commands', 'client sent too many invalid commands')
      return
    }
    this.#onInvalid(undefined)
    if (announcesLiteral) this.#end('literal behind an invalid command')
  }

  #onInvalid(log: string | undefined): void {
    if (log !== undefined) this.#answer.log(log, 'in auth state')
    this.#endLogin(this.#protocol.invalid())
  }

  /** The reply ends whatever exchange there was, and the session if its login had failed for good. */
  #endLogin(reply: string): void {
    const keepsSession = this.#exchange.end()
    this.#protocol.forgetLogin()
    this.#answer.say(reply)
    if (!keepsSession) this.#end('login failed')
  }

  #endInvalid(reason: DialogueCloseReason, log: string): void {
    this.#answer.log(log, 'in auth state')
    this.#answer.say(this.#protocol.invalid())
    this.#end(reason)
  }

  #onOutcome(outcome: AuthOutcome): void {
    switch (outcome.kind) {
      case 'accepted':
        this.#answer.handOver(this.#waiting.take())
        this.#phase = 'ended'
        return
      case 'refused':
        this.#onRefused(outcome)
        return
      case 'limited':
        this.#answer.say(this.#protocol.limited())
        this.#end('too many connections')
        return
      case 'internal_error':
        this.#answer.say(internalErrorText(this.#protocol.service))
        this.#end('internal error')
        return
      default:
        unreachable(outcome)
    }
  }

  #onRefused(refusal: Refused): void {
    const { keepsSession, saslChallenge } = refusal
    const reply = this.#protocol.refused(refusal)
    const method = this.#method
    const isToken = method === 'xoauth2' || method === 'oauthbearer'
    const confirmation = isToken ? failureConfirmations[method] : ''
    this.#phase = 'commands'
    this.#exchange.expectConfirmation({ confirmation, reply, keepsSession })
    if (isToken && saslChallenge !== undefined) {
      this.#answer.say(`${this.#protocol.challengePrefix}${safeText(saslChallenge)}\r\n`)
    } else this.#endLogin(reply)
  }

  #end(reason: DialogueCloseReason): void {
    this.#phase = 'ended'
    this.#exchange.end()
    this.#protocol.forgetLogin()
    this.#waiting.take()
    this.#answer.close(reason)
  }

  #takeActions(): DialogueActions {
    return this.#answer.take(this.#waiting.length >= holdPauseBytes)
  }
}
