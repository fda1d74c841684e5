// Stands in the byte relay of one SMTP session when an option asks for more than relaying: rewrites
// the greeting, filters extensions, counts messages, guards STARTTLS, speaks XCLIENT.

import { assert } from '../../base/assert.ts'
import { holdMaxBytes, holdPauseBytes } from './bounds.ts'
import { ByteHold } from './byte-hold.ts'
import { type ClientPiece, ClientReader } from './client-reader.ts'
import { type Answer, awaitedOf, Dialogue, isSuccess } from './dialogue.ts'
import { type ReplyPiece, ReplyReader } from './reply.ts'
import { deliverLine, isUntouched, type ReplyRoute, routedBytes, routeOf } from './reply-route.ts'
import { Outbox, type WatchActions } from './watch-actions.ts'
import * as refusals from './watch-refusals.ts'
import { type WatchRules, watchRules, type WatchSettings } from './watch-rules.ts'
import type { ClientIdentity } from './xclient.ts'
import { XclientHandshake } from './xclient-handshake.ts'

export interface WatchOptions {
  readonly settings: WatchSettings
  /** For XCLIENT: who the session counts as, after a PROXY header if there was one. */
  readonly client: ClientIdentity
  /** Our name in the EHLO before XCLIENT: a host name or an address literal. */
  readonly ehloName: string
}

type CommandPiece = Extract<ClientPiece, { readonly kind: 'command' }>

const lineEnd = Buffer.from('\r\n')
const quit = Buffer.from('QUIT\r\n')
const untouched: ReplyRoute = Object.freeze({})

/**
 * A pure state machine: bytes in, actions out. It forwards what it does not understand, never
 * throws on input and keeps at most `watchMaxBytes`.
 *
 * Where the meaning of the client's next bytes depends on a reply (after DATA, AUTH, EHLO,
 * STARTTLS), or where the watch itself is to answer, it is *blocked*: later client bytes are held
 * until every awaited reply has passed, so that answers come in order and nothing is misread. Once
 * the dialogue turns to TLS nothing can be seen any more and the watch asks to be left out.
 */
export class SmtpWatch {
  readonly #rules: WatchRules
  readonly #reader = new ClientReader()
  readonly #replies = new ReplyReader()
  readonly #dialogue = new Dialogue()
  readonly #waiting = new ByteHold({ maxBytes: holdMaxBytes })
  readonly #toClient = new Outbox()
  readonly #toUpstream = new Outbox()
  #route: ReplyRoute = untouched
  /** Present while XCLIENT is being spoken and the client has not been greeted. */
  #handshake: XclientHandshake | undefined
  #phase: 'watching' | 'transparent' | 'closed' = 'watching'
  #isBlocked = false
  /** The command being passed on is one to wait after, once its line has ended. */
  #waitsAfterLine = false
  #isInjected = false
  #isPolicyReplaced = false
  #isClientEnded = false
  #news: Pick<WatchActions, 'close' | 'note' | 'transparent'> = {}

  constructor(options: WatchOptions) {
    const { settings, client, ehloName } = options
    assert(/^[!-~]{1,255}$/.test(ehloName), 'the EHLO name is one printable word')
    this.#rules = watchRules(settings)
    const mode = this.#rules.xclient
    if (mode === 'no') return
    this.#handshake = new XclientHandshake({ mode, client, ehloName })
    this.#isBlocked = true
  }

  /** Bytes kept in memory now, on both sides together. */
  get bufferedBytes(): number {
    const fromClient = this.#waiting.length + this.#reader.partialBytes
    const fromUpstream = this.#replies.partialBytes + (this.#handshake?.kept.length ?? 0)
    return fromClient + fromUpstream + routedBytes(this.#route)
  }

  /** To be called once, before any byte. */
  start(): WatchActions {
    const { renameGreeting, outlastsGreeting } = this.#rules
    const isNeeded = renameGreeting !== undefined || this.#handshake !== undefined
    if (!isNeeded && !outlastsGreeting) this.#becomeTransparent()
    return this.#takeActions()
  }

  fromClient(chunk: Buffer): WatchActions {
    if (this.#phase === 'transparent') this.#toUpstream.push(chunk)
    else if (this.#phase === 'watching') this.#readClient(chunk)
    return this.#takeActions()
  }

  fromUpstream(chunk: Buffer): WatchActions {
    let rest = chunk
    while (rest.length > 0 && this.#phase === 'watching') {
      const piece = this.#replies.cut(rest)
      if (piece === undefined) break
      rest = piece.rest
      this.#onReply(piece)
    }
    if (this.#phase === 'transparent') this.#toClient.push(rest)
    return this.#takeActions()
  }

  /** The client has closed its half. `endUpstream` says when the upstream may be told. */
  clientEnded(): WatchActions {
    this.#isClientEnded = true
    return this.#takeActions()
  }

  /** The upstream has closed its half; what was kept of its last words goes out. */
  upstreamEnded(): WatchActions {
    if (this.#phase !== 'watching') return this.#takeActions()
    if (this.#handshake === undefined) this.#flushReply()
    else this.#refuse(refusals.greetingMissing)
    return this.#takeActions()
  }

  /** With Reconfig_Message set, the next MAIL between messages, or RSET, ends the session. */
  policyReplaced(): void {
    this.#isPolicyReplaced = this.#rules.reconfigReply !== undefined
  }

  #readClient(input: Buffer): void {
    let rest = input
    while (rest.length > 0 && this.#phase === 'watching' && !this.#isBlocked) {
      const piece = this.#reader.cut(rest)
      if (piece === undefined) return
      rest = piece.rest
      this.#onClient(piece)
    }
    if (rest.length === 0) return
    if (this.#phase === 'transparent') this.#toUpstream.push(rest)
    else if (this.#phase === 'watching') this.#hold(rest)
  }

  /** Keeps client bytes for later. Behind a STARTTLS there must be none: they would be injected. */
  #hold(bytes: Buffer): void {
    const { first, last } = this.#dialogue
    const isAnswered = first === 'starttls' && this.#replies.isInsideReply
    const isInjection = last === 'starttls' && !isAnswered
    if (isInjection && this.#rules.starttlsInjection === 'reject') {
      this.#isInjected = true
      if (first === 'starttls') this.#refuse(refusals.injection)
    } else if (!this.#waiting.push(bytes)) this.#refuse(refusals.overrun)
  }

  #onClient(piece: ClientPiece): void {
    if (piece.kind === 'command') {
      const decision = this.#judge(piece)
      if (decision === 'wait') {
        this.#reader.unread()
        this.#isBlocked = true
        this.#hold(piece.bytes)
        return
      }
      if (decision !== 'forward') {
        this.#refuse(decision)
        return
      }
      this.#onForward(piece)
    }
    this.#toUpstream.push(piece.bytes)
    if (!piece.isEnd) return
    if (piece.kind === 'exchange') this.#dialogue.expect('auth')
    this.#isBlocked = this.#waitsAfterLine || piece.kind === 'exchange'
    this.#waitsAfterLine = false
  }

  /** Every answer of our own ends the session, and comes when all replies before it have passed. */
  #judge(piece: CommandPiece): 'forward' | 'wait' | refusals.Refusal {
    const isSettled = this.#dialogue.isSettled && !this.#replies.isInsideReply
    const refusal = this.#refusalOf(piece)
    if (refusal !== undefined) return isSettled ? refusal : 'wait'
    // Whether a transaction is open, and so a reload must wait, is known when all is answered.
    const isReloading = piece.command.kind === 'mail' && this.#isPolicyReplaced
    return this.#dialogue.isFull || (isReloading && !isSettled) ? 'wait' : 'forward'
  }

  #refusalOf(piece: CommandPiece): refusals.Refusal | undefined {
    const { reconfigReply, messagesMax, starttlsInjection } = this.#rules
    const reload = this.#isPolicyReplaced ? reconfigReply : undefined
    switch (piece.command.kind) {
      case 'mail':
        if (reload !== undefined && !this.#dialogue.isInTransaction) {
          return refusals.reconfigured(reload)
        }
        if (messagesMax === undefined || this.#dialogue.countMessages() < messagesMax) return
        return refusals.batchLimit
      // With RSET the client itself gives up the message it was at, if any: nothing is cut off.
      case 'rset':
        return reload === undefined ? undefined : refusals.reconfigured(reload)
      case 'starttls': {
        const isFollowed = piece.isEnd && piece.rest.length > 0
        return isFollowed && starttlsInjection === 'reject' ? refusals.injection : undefined
      }
      default:
        return undefined
    }
  }

  /** Notes what the upstream will answer, and whether later bytes must wait for it. */
  #onForward({ command }: CommandPiece): void {
    this.#dialogue.expect(awaitedOf(command))
    switch (command.kind) {
      case 'ehlo':
      case 'data':
      case 'auth':
      // Only the upstream knows how many bytes belong to this one; held, they cannot be misread.
      case 'strange_chunk':
        this.#waitsAfterLine = true
        return
      case 'starttls':
        this.#waitsAfterLine = this.#rules.starttlsInjection !== 'allow'
        return
      case 'chunk':
        // Without CHUNKING the upstream reads the bytes behind BDAT as commands: so do we.
        if (this.#dialogue.hasChunking) this.#reader.expectChunk(command.sizeBytes)
        else this.#waitsAfterLine = true
        return
      default:
    }
  }

  #onReply(piece: ReplyPiece): void {
    if (piece.kind === 'alien') {
      this.#giveUp(piece.bytes)
      return
    }
    const { bytes, isEnd, isLast } = piece
    if (piece.kind === 'line' && piece.isFirst) this.#onReplyStart(piece.code)
    if (isUntouched(this.#route)) this.#toClient.push(bytes)
    if (piece.kind === 'line') {
      const whole = isEnd ? bytes : Buffer.concat([bytes, lineEnd])
      const line = { bytes: whole, isFirst: piece.isFirst, isLast, isCut: !isEnd }
      deliverLine(this.#route, line, this.#toClient)
    }
    if (isEnd && isLast) this.#onReplyEnd(piece.code)
  }

  #onReplyStart(code: number): void {
    this.#dialogue.resynchronise(code)
    const { first } = this.#dialogue
    this.#route = routeOf({ awaited: first, code, rules: this.#rules, kept: this.#handshake?.kept })
  }

  #onReplyEnd(code: number): void {
    const answer = this.#dialogue.settle(code, this.#route.offer)
    this.#route = untouched
    this.#onAnswer(answer)
    if (this.#phase !== 'watching') return
    if (this.#isInjected && this.#dialogue.first === 'starttls') this.#refuse(refusals.injection)
    if (this.#dialogue.isSettled) this.#isBlocked = false
    if (!this.#isBlocked) this.#readClient(this.#waiting.take())
  }

  #onAnswer(answer: Answer): void {
    const { awaited, code } = answer
    if (awaited === 'greeting' || this.#handshake !== undefined) {
      this.#onGreeting(answer)
    } else if (awaited === 'data' && code === 354) {
      this.#reader.expectBody()
      this.#isBlocked = false
    } else if (awaited === 'auth' && code === 334) {
      this.#reader.expectExchange()
      this.#isBlocked = false
    } else if (awaited === 'starttls' && code === 220) {
      if (this.#rules.starttlsInjection === 'ignore') this.#waiting.take()
      this.#becomeTransparent()
    } else if (awaited === 'message' && isSuccess(answer) && this.#reader.isInBody) {
      // The upstream saw an end that RFC 5321 does not know, so what it reads now are commands.
      this.#reader.expectCommand()
    }
  }

  #onGreeting(answer: Answer): void {
    const step = this.#handshake?.next(answer) ?? { kind: 'passed' }
    switch (step.kind) {
      case 'send':
        this.#toUpstream.push(step.command)
        this.#dialogue.expect(step.awaited)
        return
      case 'failed':
        this.#refuse(refusals.xclientRefused)
        return
      case 'failed_aloud':
        this.#refuse({ ...refusals.xclientRefused, reply: undefined })
        return
      case 'kept':
        this.#flushKept()
        break
      case 'passed':
    }
    this.#handshake = undefined
    if (!this.#rules.outlastsGreeting) this.#becomeTransparent()
  }

  /** What the upstream sends is not SMTP: from here on every byte passes as it is. */
  #giveUp(bytes: Buffer): void {
    if (this.#handshake?.isRequired === true) {
      this.#refuse(refusals.xclientRefused)
      return
    }
    this.#flushKept()
    this.#flushReply()
    this.#toClient.push(bytes)
    this.#handshake = undefined
    this.#becomeTransparent()
    const reason = 'upstream does not speak SMTP, session no longer watched'
    this.#news = { ...this.#news, note: { reason, level: 'warn' } }
  }

  #flushKept(): void {
    for (const bytes of this.#handshake?.kept.take() ?? []) this.#toClient.push(bytes)
  }

  #flushReply(): void {
    for (const bytes of this.#route.rewriter?.flush() ?? []) this.#toClient.push(bytes)
    this.#toClient.push(this.#replies.takePartial())
    this.#route = untouched
  }

  #becomeTransparent(): void {
    this.#phase = 'transparent'
    this.#toUpstream.push(this.#reader.takePartial())
    this.#toUpstream.push(this.#waiting.take())
    this.#news = { ...this.#news, transparent: true }
  }

  /** Says the last word. The upstream is told when it is listening for a command. */
  #refuse(refusal: refusals.Refusal): void {
    if (refusal.reply !== undefined) this.#toClient.push(refusal.reply)
    if (this.#dialogue.isSettled) this.#toUpstream.push(quit)
    this.#phase = 'closed'
    this.#waiting.take()
    this.#reader.takePartial()
    this.#replies.takePartial()
    this.#route = untouched
    this.#handshake = undefined
    this.#news = { close: refusal.close }
  }

  #takeActions(): WatchActions {
    const isOver = this.#phase === 'closed' || this.#handshake !== undefined
    const endsUpstream = this.#isClientEnded && !isOver && this.#waiting.length === 0
    if (endsUpstream) {
      this.#isClientEnded = false
      this.#toUpstream.push(this.#reader.takePartial())
    }
    const toClient = this.#toClient.take()
    const toUpstream = this.#toUpstream.take()
    const news = this.#news
    this.#news = {}
    return {
      ...(toClient.length === 0 ? {} : { toClient }),
      ...(toUpstream.length === 0 ? {} : { toUpstream }),
      ...(this.#waiting.length < holdPauseBytes ? {} : { pauseClient: true }),
      ...(endsUpstream ? { endUpstream: true } : {}),
      ...news,
    }
  }
}
