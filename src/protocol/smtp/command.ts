// What a command line of an SMTP client is, as far as a watch must know it.

/**
 * `mail`, `rset`, `data`, `auth`, `starttls`, `ehlo` and `helo` as written; `chunk` is a BDAT whose
 * size could be read, `strange_chunk` one whose size could not, `submit` a BURL that ends a message
 * (RFC 4468); everything else is `other`.
 */
export type SmtpCommand =
  | { readonly kind: SimpleKind }
  | { readonly kind: 'chunk'; readonly sizeBytes: number; readonly isLast: boolean }

type SimpleKind =
  | 'mail'
  | 'rset'
  | 'data'
  | 'auth'
  | 'starttls'
  | 'ehlo'
  | 'helo'
  | 'strange_chunk'
  | 'submit'
  | 'other'

const other: SmtpCommand = Object.freeze({ kind: 'other' })

const simple: ReadonlyMap<string, SmtpCommand> = new Map(
  (['mail', 'rset', 'data', 'auth', 'starttls', 'ehlo', 'helo'] as const).map((kind) => [
    kind,
    Object.freeze({ kind }),
  ]),
)

/** Longest verb of interest, STARTTLS, and one more so that a longer word is not taken for it. */
const verbMaxBytes = 9

/** Fifteen digits are below 2 to the 53rd and above any message. */
const bdatPattern = /^bdat[ \t]+(\d{1,15})(?:[ \t]+(last))?[ \t]*\r?\n$/i

const lastPattern = /[ \t]last[ \t]*\r?\n$/i

/**
 * Reads a command line. The verb is the leading letters, behind white space if there is any:
 * servers skip it, so a watch that did not could be walked around. What is taken for a command too
 * many is only awaited, which is harmless.
 */
export function parseCommand(line: Buffer): SmtpCommand {
  const start = skipSpace(line)
  const verb = leadingLetters(line.toString('latin1', start, start + verbMaxBytes)).toLowerCase()
  if (verb === 'bdat') return parseChunk(line.toString('latin1', start))
  if (verb === 'burl') return lastPattern.test(line.toString('latin1')) ? { kind: 'submit' } : other
  return simple.get(verb) ?? other
}

function parseChunk(text: string): SmtpCommand {
  const match = bdatPattern.exec(text)
  if (match === null) return { kind: 'strange_chunk' }
  return { kind: 'chunk', sizeBytes: Number(match[1]), isLast: match[2] !== undefined }
}

function leadingLetters(text: string): string {
  return /^[a-z]*/i.exec(text)?.[0] ?? ''
}

function skipSpace(line: Buffer): number {
  const index = line.findIndex((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d))
  return Math.max(index, 0)
}
