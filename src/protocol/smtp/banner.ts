// The greeting an SMTP client reads: the operator's own, or the upstream's under another name.

import type { ReplyLine, ReplyRewriter } from './reply.ts'

/**
 * Static_Banner as bytes. Momentum normalises the line endings; the marks at the line starts are
 * set too, so that the text is one reply whatever the operator wrote: a second `220 ` line would be
 * read as the answer to the client's first command.
 */
export function staticBanner(text: string): Buffer {
  const lines = text.replace(/[\r\n]+$/, '').split(/\r\n|\r|\n/)
  const marked = lines.map((line, index) => {
    const mark = index === lines.length - 1 ? '220 ' : '220-'
    return `${mark}${line.replace(/^220(?:[ -]|$)/, '')}\r\n`
  })
  return Buffer.from(marked.join(''))
}

/** Says the operator's banner in the place of the whole greeting. */
export class BannerReplacer implements ReplyRewriter {
  readonly keptBytes = 0
  readonly #banner: Buffer

  constructor(banner: Buffer) {
    this.#banner = banner
  }

  rewrite(line: ReplyLine): readonly Buffer[] {
    return line.isLast ? [this.#banner] : []
  }

  flush(): readonly Buffer[] {
    return []
  }
}

/**
 * Puts Banner_Hostname in the place of the server's name: the first word of the greeting, and of
 * the later lines that begin with the same word (postscreen greets in two such lines).
 */
export class BannerRenamer implements ReplyRewriter {
  readonly keptBytes = 0
  readonly #hostname: string
  #replaced: string | undefined

  constructor(hostname: string) {
    this.#hostname = hostname
  }

  rewrite(line: ReplyLine): readonly Buffer[] {
    const text = line.bytes.toString('latin1')
    const word = /^\S*/.exec(text.slice(4))?.[0] ?? ''
    if (line.isFirst) this.#replaced = word
    else if (word === '' || word !== this.#replaced) return [line.bytes]
    const mark = line.isLast ? '220 ' : '220-'
    const tail = /^220[ -]/.test(text) ? line.bytes.subarray(4 + word.length) : Buffer.from('\r\n')
    return [Buffer.concat([Buffer.from(`${mark}${this.#hostname}`), tail])]
  }

  flush(): readonly Buffer[] {
    return []
  }
}
