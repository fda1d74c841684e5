// What an SMTP client sends, told apart: commands, credentials, message content.

import { commandMaxBytes } from './bounds.ts'
import { parseCommand, type SmtpCommand } from './command.ts'
import { EndOfData } from './end-of-data.ts'
import { LineCutter } from './line-cutter.ts'

export type ClientPiece =
  | {
      readonly kind: 'command'
      readonly command: SmtpCommand
      readonly bytes: Buffer
      readonly rest: Buffer
      /** False: the line is over-long and goes on, in `more` pieces. */
      readonly isEnd: boolean
    }
  /**
   * `more` of a command line, a line of an AUTH `exchange`, message `content`: never looked into.
   */
  | {
      readonly kind: 'more' | 'exchange' | 'content'
      readonly bytes: Buffer
      readonly rest: Buffer
      readonly isEnd: boolean
    }

type Mode =
  | { readonly kind: 'command' }
  | { readonly kind: 'exchange' }
  | { readonly kind: 'body'; readonly end: EndOfData }
  | { readonly kind: 'chunk'; readonly leftBytes: number }

const commandMode: Mode = Object.freeze({ kind: 'command' })
const lineFeed = 0x0a

/** Which of these comes next only the upstream's replies tell; the watch passes it on. */
export class ClientReader {
  readonly #cutter = new LineCutter({ maxBytes: commandMaxBytes })
  #mode: Mode = commandMode

  get partialBytes(): number {
    return this.#cutter.partialBytes
  }

  get isInBody(): boolean {
    return this.#mode.kind === 'body'
  }

  takePartial(): Buffer {
    return this.#cutter.takePartial()
  }

  /** Message content follows, up to the terminating dot (RFC 5321 4.1.1.4). */
  expectBody(): void {
    this.#mode = { kind: 'body', end: new EndOfData() }
  }

  /** So many bytes of message content follow (RFC 3030). */
  expectChunk(sizeBytes: number): void {
    this.#mode = sizeBytes === 0 ? commandMode : { kind: 'chunk', leftBytes: sizeBytes }
  }

  /** One line of an AUTH exchange follows (RFC 4954). */
  expectExchange(): void {
    this.#mode = { kind: 'exchange' }
  }

  expectCommand(): void {
    this.#mode = commandMode
  }

  /** The command just cut will be given in again. */
  unread(): void {
    this.#cutter.restart()
  }

  /** The next piece, or undefined when the input was kept as part of an unfinished command line. */
  cut(input: Buffer): ClientPiece | undefined {
    switch (this.#mode.kind) {
      case 'command':
        return this.#cutCommand(input)
      case 'exchange': {
        const end = input.indexOf(lineFeed)
        return this.#pass('exchange', input, end < 0 ? undefined : end + 1)
      }
      case 'body':
        return this.#pass('content', input, this.#mode.end.scan(input))
      case 'chunk':
        return this.#cutChunk(input, this.#mode.leftBytes)
    }
  }

  #cutCommand(input: Buffer): ClientPiece | undefined {
    const piece = this.#cutter.cut(input)
    if (piece === undefined) return undefined
    const { bytes, rest, isEnd } = piece
    if (!piece.isStart) return { kind: 'more', bytes, rest, isEnd }
    return { kind: 'command', command: parseCommand(bytes), bytes, rest, isEnd }
  }

  #cutChunk(input: Buffer, leftBytes: number): ClientPiece {
    if (input.length >= leftBytes) return this.#pass('content', input, leftBytes)
    this.#mode = { kind: 'chunk', leftBytes: leftBytes - input.length }
    return this.#pass('content', input, undefined)
  }

  #pass(kind: 'exchange' | 'content', input: Buffer, end: number | undefined): ClientPiece {
    if (end === undefined) return { kind, bytes: input, rest: Buffer.alloc(0), isEnd: false }
    this.#mode = commandMode
    return { kind, bytes: input.subarray(0, end), rest: input.subarray(end), isEnd: true }
  }
}
