// SMTP extensions: what an upstream offers, and which of it a client is told (SMTP_Extensions).

import type { ReplyLine, ReplyRewriter } from './reply.ts'

/** Momentum offers these whatever SMTP_Extensions says. */
const alwaysOffered = ['PIPELINING', '8BITMIME', 'SIZE']

/** Which extensions a client may be told. Keywords and mechanisms are in upper case. */
export interface ExtensionList {
  readonly keywords: ReadonlySet<string>
  /** AUTH mechanisms; undefined: all of them, if AUTH is among the keywords. */
  readonly authMechanisms: ReadonlySet<string> | undefined
}

/** Compiles the option: a keyword each, or `AUTH LOGIN` for one mechanism, or `AUTH` for all. */
export function extensionList(entries: readonly string[]): ExtensionList {
  const keywords = new Set(alwaysOffered)
  const mechanisms = new Set<string>()
  let isEveryMechanism = false
  for (const entry of entries) {
    const [keyword, ...parameters] = wordsOf(entry)
    if (keyword === undefined) continue
    keywords.add(keyword)
    if (keyword !== 'AUTH') continue
    if (parameters.length === 0) isEveryMechanism = true
    for (const mechanism of parameters) mechanisms.add(mechanism)
  }
  return { keywords, authMechanisms: isEveryMechanism ? undefined : mechanisms }
}

/** What the upstream itself offers, gathered from its EHLO reply. */
export class UpstreamOffer {
  /** BDAT's bytes are taken as a chunk, not as commands (RFC 3030). */
  hasChunking = false
  /** Attributes of the XCLIENT line, in upper case; undefined: no such line. */
  xclientAttributes: readonly string[] | undefined

  read(line: ReplyLine): void {
    if (line.isFirst || line.isCut) return
    const [keyword, ...parameters] = wordsOf(line.bytes.toString('latin1', 4))
    if (keyword === 'CHUNKING') this.hasChunking = true
    if (keyword === 'XCLIENT') this.xclientAttributes = parameters
  }
}

const hyphen = 0x2d
const space = 0x20

/**
 * Leaves out of an EHLO reply what is not on the list. The first line, which names the server,
 * always stays; nothing is ever added. One line is kept back, since the last one kept must be
 * marked last.
 */
export class ExtensionFilter implements ReplyRewriter {
  readonly #list: ExtensionList
  #kept: Buffer | undefined

  constructor(list: ExtensionList) {
    this.#list = list
  }

  get keptBytes(): number {
    return this.#kept?.length ?? 0
  }

  rewrite(line: ReplyLine): readonly Buffer[] {
    const isOffered = line.isFirst || !line.isCut
    const kept = isOffered ? this.#filter(line) : undefined
    const passed = kept === undefined ? [] : this.#keep(kept)
    if (!line.isLast) return passed
    const last = this.#take()
    if (last[3] === hyphen) last[3] = space
    return [...passed, last]
  }

  flush(): readonly Buffer[] {
    return [this.#take()]
  }

  #take(): Buffer {
    const kept = this.#kept ?? Buffer.alloc(0)
    this.#kept = undefined
    return kept
  }

  /** Keeps a copy: the last line's mark may be changed, and the input is not ours to change. */
  #keep(line: Buffer): readonly Buffer[] {
    const before = this.#kept
    this.#kept = Buffer.from(line)
    return before === undefined ? [] : [before]
  }

  #filter(line: ReplyLine): Buffer | undefined {
    if (line.isFirst) return line.bytes
    const text = line.bytes.toString('latin1', 4)
    const [keyword, ...parameters] = wordsOf(text)
    if (keyword === undefined || !this.#list.keywords.has(keyword)) return undefined
    const allowed = this.#list.authMechanisms
    if (keyword !== 'AUTH' || allowed === undefined) return line.bytes
    const mechanisms = parameters.filter((mechanism) => allowed.has(mechanism))
    if (mechanisms.length === 0) return undefined
    if (mechanisms.length === parameters.length) return line.bytes
    // `AUTH=` is how servers once spelled it, and some old clients read only that.
    const separator = /^auth=/i.test(text) ? '=' : ' '
    const head = line.bytes.toString('latin1', 0, 4)
    return Buffer.from(`${head}AUTH${separator}${mechanisms.join(' ')}\r\n`, 'latin1')
  }
}

function wordsOf(text: string): string[] {
  const words = text.trim().replace(/^auth=/i, 'AUTH ')
  return words === '' ? [] : words.toUpperCase().split(/\s+/)
}
