// Replies of an SMTP server: cut into lines, told apart, never changed here.

import { replyLineMaxBytes } from './bounds.ts'
import { LineCutter } from './line-cutter.ts'

/** Something that changes a reply on its way, line by line; one object for one reply. */
export interface ReplyRewriter {
  /** What the client gets for this line, now. */
  rewrite(line: ReplyLine): readonly Buffer[]
  /** What was kept back, when the reply breaks off. */
  flush(): readonly Buffer[]
  /** How much is kept back. */
  readonly keptBytes: number
}

/** One line of a reply. An over-long one is cut at the bound and given a line ending. */
export interface ReplyLine {
  readonly bytes: Buffer
  readonly isFirst: boolean
  readonly isLast: boolean
  readonly isCut: boolean
}

/** The code of a reply whose lines disagree: it is a success, or a go-ahead, for nobody. */
const inconsistentCode = 0

export type ReplyPiece =
  | {
      readonly kind: 'line'
      readonly bytes: Buffer
      readonly rest: Buffer
      /** The code of the reply, judged by the lines so far. */
      readonly code: number
      readonly isFirst: boolean
      readonly isLast: boolean
      /** False: the line goes on, in `more` pieces. */
      readonly isEnd: boolean
    }
  | {
      readonly kind: 'more'
      readonly bytes: Buffer
      readonly rest: Buffer
      readonly code: number
      readonly isLast: boolean
      readonly isEnd: boolean
    }
  /** Not a reply: what comes here is not SMTP. */
  | { readonly kind: 'alien'; readonly bytes: Buffer; readonly rest: Buffer }

/** Cuts what an upstream sends into replies. */
export class ReplyReader {
  readonly #cutter = new LineCutter({ maxBytes: replyLineMaxBytes })
  #code: number | undefined
  #isLast = false

  /** A reply has begun and its end has not come. */
  get isInsideReply(): boolean {
    return this.#code !== undefined || this.#cutter.partialBytes > 0
  }

  get partialBytes(): number {
    return this.#cutter.partialBytes
  }

  takePartial(): Buffer {
    return this.#cutter.takePartial()
  }

  /** The next piece, or undefined when the input was kept as part of an unfinished line. */
  cut(input: Buffer): ReplyPiece | undefined {
    const piece = this.#cutter.cut(input)
    if (piece === undefined) return undefined
    const { bytes, rest, isEnd } = piece
    if (!piece.isStart) {
      const more = {
        bytes,
        rest,
        code: this.#code ?? inconsistentCode,
        isLast: this.#isLast,
        isEnd,
      }
      if (isEnd && this.#isLast) this.#code = undefined
      return { kind: 'more', ...more }
    }
    const head = parseReplyHead(bytes)
    if (head === undefined) return { kind: 'alien', bytes, rest }
    const isFirst = this.#code === undefined
    const code = isFirst || head.code === this.#code ? head.code : inconsistentCode
    this.#isLast = head.isLast
    this.#code = isEnd && head.isLast ? undefined : code
    return { kind: 'line', bytes, rest, code, isFirst, isLast: head.isLast, isEnd }
  }
}

/** Code and position of a reply line (RFC 5321 4.2), or undefined when it is none. */
export function parseReplyHead(
  bytes: Buffer,
): { readonly code: number; readonly isLast: boolean } | undefined {
  const match = /^([2-5]\d\d)([- \r\n])/.exec(bytes.toString('latin1', 0, 4))
  if (match === null) return undefined
  return { code: Number(match[1]), isLast: match[2] !== '-' }
}
