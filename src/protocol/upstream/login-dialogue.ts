// The part of a login that the three protocols share: lines in, commands out, bounds and failures.

import { escapeText } from '../../base/escape.ts'
import { ByteHold } from '../smtp/byte-hold.ts'
import { LineCutter } from '../smtp/line-cutter.ts'
import { loginLineMaxBytes, loginReplyMaxBytes } from './bounds.ts'
import type {
  LoginAction,
  LoginActions,
  LoginDenial,
  LoginFailure,
  LoginFault,
  UpstreamLogin,
} from './login.ts'
import type { SecretFinder } from './secrets.ts'

/** A command of ours and what the log calls it. */
export interface LoginCommand {
  readonly bytes: Buffer
  readonly action: LoginAction
}

type ReplyFault = Exclude<LoginFault, 'too_long' | 'closed' | 'unsendable'>

/** What a line of the upstream means. */
export type LoginStep =
  /** The reply goes on: with the next line, or with so many bytes that are not lines. */
  | { readonly kind: 'more'; readonly literalBytes?: number }
  /** A reply that decides nothing has ended: keep it for the client, or forget it. */
  | { readonly kind: 'aside'; readonly isKept: boolean }
  | ({ readonly kind: 'send' } & LoginCommand)
  /** Logged in. The client gets `reply`, or else what was kept and this reply. */
  | { readonly kind: 'done'; readonly reply?: Buffer }
  | { readonly kind: 'failed'; readonly fault: ReplyFault }
  /** The upstream did nothing wrong, and yet cannot be used. */
  | { readonly kind: 'unusable'; readonly reason: string }

/** Why nothing is sent: the log's words, and `info` where the client is to blame. */
export interface Unsendable {
  readonly reason: string
  readonly level: 'info' | 'error'
}

/** What a client sent and the upstream's protocol has no words for. */
export function unsendable(what: string): Unsendable {
  return { reason: `${what} cannot be sent to upstream`, level: 'info' }
}

/** The protocol's own part: one for one login. */
export interface LoginScript {
  /** Set when there is nothing to be tried. */
  readonly unsendable: Unsendable | undefined
  /** One line, its line end included. */
  onLine(line: Buffer): LoginStep
  /** The words of a reply that refused the login, given as its last line without the line end. */
  denialOf(line: string): LoginDenial
}

export interface DialogueOptions {
  readonly script: LoginScript
  readonly secrets: SecretFinder
  /** `proxy_pass_error_message`: the client reads the upstream's own words. */
  readonly passErrors: boolean
  /** `proxy_buffer`: the longest reply, in place of our own bounds. */
  readonly replyMaxBytes?: number | undefined
  readonly internalError: Buffer
}

const whileReading = 'while reading response from upstream'
/** What is shown of a reply in the log: a whole SMTP reply line of RFC 5321. */
const shownMaxLength = 512
const hiddenReply = '(not shown, it repeats the password)'

export class LoginDialogue implements UpstreamLogin {
  readonly #options: DialogueOptions
  readonly #replyMaxBytes: number
  readonly #cutter: LineCutter
  readonly #reply: ByteHold
  readonly #kept: ByteHold
  #literalBytes = 0
  #isOver = false
  #toUpstream: Buffer[] = []
  #end: Omit<LoginActions, 'toUpstream'> = {}
  #action: LoginAction = 'connecting to upstream'

  constructor(options: DialogueOptions) {
    const { replyMaxBytes } = options
    const maxBytes = replyMaxBytes ?? loginReplyMaxBytes
    this.#options = options
    this.#replyMaxBytes = maxBytes
    this.#cutter = new LineCutter({ maxBytes: replyMaxBytes ?? loginLineMaxBytes })
    this.#reply = new ByteHold({ maxBytes })
    this.#kept = new ByteHold({ maxBytes })
  }

  get action(): LoginAction {
    return this.#action
  }

  get bufferedBytes(): number {
    return this.#cutter.partialBytes + this.#reply.length + this.#kept.length
  }

  start(): LoginActions {
    const why = this.#options.script.unsendable
    if (why !== undefined) this.#failAs({ fault: 'unsendable', ...why })
    return this.#takeActions()
  }

  fromUpstream(chunk: Buffer): LoginActions {
    let rest = chunk
    while (rest.length > 0 && !this.#isOver) {
      if (this.#literalBytes > 0) {
        rest = this.#readLiteral(rest)
        continue
      }
      const piece = this.#cutter.cut(rest)
      if (piece === undefined) break
      rest = piece.rest
      if (piece.isEnd && this.#reply.push(piece.bytes)) this.#follow(piece.bytes, rest)
      else this.#failTooLong(piece.bytes)
    }
    return this.#takeActions()
  }

  upstreamEnded(): LoginActions {
    const reason = `upstream prematurely closed connection ${whileReading}`
    if (!this.#isOver) this.#failAs({ fault: 'closed', reason, level: 'error' })
    return this.#takeActions()
  }

  #follow(line: Buffer, rest: Buffer): void {
    const step = this.#options.script.onLine(line)
    switch (step.kind) {
      case 'more':
        this.#literalBytes = step.literalBytes ?? 0
        // Looked at before the first byte of it comes; the number may be anything.
        if (this.#reply.length + this.#literalBytes > this.#replyMaxBytes) this.#failTooLong(line)
        return
      case 'aside':
        if (!step.isKept) this.#reply.take()
        else if (!this.#kept.push(this.#reply.take())) this.#failTooLong(line)
        return
      case 'send':
        this.#reply.take()
        this.#action = step.action
        this.#toUpstream.push(step.bytes)
        return
      case 'done': {
        const words = [this.#kept.take(), this.#reply.take()]
        const reply = step.reply ?? Buffer.concat(words)
        this.#over({ toClient: [reply], done: { rest } })
        return
      }
      case 'failed':
        this.#fail(step.fault)
        return
      case 'unusable':
        this.#failAs({ fault: 'refused', reason: step.reason, level: 'error' })
    }
  }

  /** Bytes that only look like lines: a tagged OK among them is a text, not an answer. */
  #readLiteral(input: Buffer): Buffer {
    const literal = input.subarray(0, this.#literalBytes)
    // There is room: it was looked at when the literal was announced.
    this.#reply.push(literal)
    this.#literalBytes -= literal.length
    return input.subarray(literal.length)
  }

  #failTooLong(line: Buffer): void {
    const reason = `upstream sent too long response line: "${this.#shown(line)}" ${whileReading}`
    this.#failAs({ fault: 'too_long', reason, level: 'error' })
  }

  /** Only a refusal is passed on: out of its place, a success would be a lie. */
  #fail(fault: ReplyFault): void {
    const reply = this.#reply.take()
    const words = Buffer.concat([this.#kept.take(), reply])
    const { passErrors, secrets } = this.#options
    const isPassed = passErrors && fault !== 'invalid' && !secrets.isRevealedBy(words)
    const line = withoutLineEnd(reply)
    const shown = this.#shown(line)
    this.#failAs({
      fault,
      ...(fault === 'denied' ? { denial: this.#denialOf(line) } : {}),
      reason: `upstream sent invalid response: "${shown}" ${whileReading}`,
      level: isPassed ? 'info' : 'error',
      ...(isPassed ? { replyToClient: words } : {}),
    })
  }

  #denialOf(reply: Buffer): LoginDenial {
    if (this.#options.secrets.isIn(reply)) return { text: '' }
    return this.#options.script.denialOf(reply.toString().split('\n').at(-1) ?? '')
  }

  #shown(text: Buffer): string {
    return this.#options.secrets.isIn(text) ? hiddenReply : escapeText(text, shownMaxLength)
  }

  #failAs(failure: {
    readonly fault: LoginFault
    readonly reason: string
    readonly level: LoginFailure['level']
    readonly denial?: LoginDenial
    readonly replyToClient?: Buffer
  }): void {
    const { internalError } = this.#options
    this.#over({ failed: { replyToClient: internalError, ...failure } })
  }

  #over(end: Omit<LoginActions, 'toUpstream'>): void {
    this.#isOver = true
    this.#end = end
    this.#literalBytes = 0
    this.#cutter.takePartial()
    this.#reply.take()
    this.#kept.take()
  }

  #takeActions(): LoginActions {
    const toUpstream = this.#toUpstream
    const end = this.#end
    this.#toUpstream = []
    this.#end = {}
    return { ...(toUpstream.length === 0 ? {} : { toUpstream }), ...end }
  }
}

function withoutLineEnd(reply: Buffer): Buffer {
  const text = reply.toString('latin1')
  return reply.subarray(0, text.replace(/\r?\n$/, '').length)
}
