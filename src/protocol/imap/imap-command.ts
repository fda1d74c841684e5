// Reads one IMAP command: tag, verb, and arguments as atoms, quoted strings and literals.

const verbs = ['LOGIN', 'LOGOUT', 'NOOP', 'CAPABILITY', 'STARTTLS', 'AUTHENTICATE'] as const

/** The commands that exist before login. */
export type ImapVerb = (typeof verbs)[number]

export type ImapReading =
  | {
      readonly kind: 'command'
      readonly tag: string
      readonly verb: ImapVerb
      readonly words: readonly Buffer[]
    }
  /** The command breaks off at a literal: so many bytes and a further line belong to it. */
  | {
      readonly kind: 'literal'
      readonly tag: string
      readonly sizeBytes: number
      readonly isSynchronizing: boolean
    }
  | { readonly kind: 'malformed'; readonly tag?: string; readonly announcesLiteral: boolean }

/** freenginx takes one more than LOGIN has, so that too many are not taken for an unknown form. */
const wordsMax = 3

// Tags of 1 to 32 of these; RFC 3501 has more, but an answer under a tag is no place for them.
const tagPattern = /^([\w.-]{1,32}) /
const verbPattern = /^[\w.-]{1,32} +([A-Za-z]+)(?=[ \r\n])/
const spaces = / */y
const lineEnd = /\r?\n/y
const atom = /[^ \r\n]+/y
const quoted = /"((?:[^"\\\r\n]|\\[^\r\n])*)"/y
const literalHead = /\{(\d*)(\+?)\}\r*\n/y
const wordEnd = /(?=[ \r\n])/y
// Non-synchronizing: its bytes are on their way whatever is answered (RFC 7888).
const announcement = /\+\}\r?\n$/

type Words =
  | { readonly kind: 'words'; readonly words: readonly Buffer[] }
  | { readonly kind: 'literal'; readonly sizeBytes: number; readonly isSynchronizing: boolean }

/** `bytes` end in LF. A command given in again with its literals is read from its start. */
export function parseImapCommand(bytes: Buffer): ImapReading {
  const text = bytes.toString('latin1')
  const tag = imapTag(bytes)
  const head = verbPattern.exec(text)
  const verb = knownVerb(head)
  const found = head === null || verb === undefined ? undefined : readWords(text, head[0].length)
  if (tag === undefined || verb === undefined || found === undefined) {
    const announcesLiteral = announcement.test(text)
    return { kind: 'malformed', ...(tag === undefined ? {} : { tag }), announcesLiteral }
  }
  if (found.kind === 'literal') return { ...found, tag }
  return { kind: 'command', tag, verb, words: found.words }
}

/** The tag of a command, whole or cut short. */
export function imapTag(bytes: Buffer): string | undefined {
  return tagPattern.exec(bytes.toString('latin1', 0, 33))?.[1]
}

/** The verb of a command, whole or cut short, if it is one that exists before login. */
export function imapVerb(bytes: Buffer): ImapVerb | undefined {
  return knownVerb(verbPattern.exec(bytes.toString('latin1')))
}

function knownVerb(head: RegExpExecArray | null): ImapVerb | undefined {
  const wanted = head?.[1]?.toUpperCase()
  return verbs.find((verb) => verb === wanted)
}

function readWords(text: string, start: number): Words | undefined {
  const words: Buffer[] = []
  let at = start
  for (;;) {
    at += matchAt(spaces, text, at)?.[0].length ?? 0
    const end = matchAt(lineEnd, text, at)
    if (end !== undefined) return { kind: 'words', words }
    if (words.length === wordsMax) return undefined
    const head = matchAt(literalHead, text, at)
    if (head === undefined) {
      const word = readWord(text, at)
      if (word === undefined) return undefined
      words.push(Buffer.from(word.value, 'latin1'))
      at = word.end
      continue
    }
    const sizeBytes = Number(head[1])
    at += head[0].length
    if (at === text.length) return { kind: 'literal', sizeBytes, isSynchronizing: head[2] === '' }
    words.push(Buffer.from(text.slice(at, at + sizeBytes), 'latin1'))
    at += sizeBytes
    // freenginx steps over any byte here, and so takes the end of a longer literal for an argument.
    if (matchAt(wordEnd, text, at) === undefined) return undefined
  }
}

function readWord(
  text: string,
  at: number,
): { readonly value: string; readonly end: number } | undefined {
  const first = text[at]
  if (first === '{') return undefined
  const isQuoted = first === '"'
  const match = matchAt(isQuoted ? quoted : atom, text, at)
  if (match === undefined) return undefined
  const value = isQuoted ? (match[1] ?? '').replace(/\\(.)/gs, '$1') : match[0]
  return { value, end: at + match[0].length }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}
