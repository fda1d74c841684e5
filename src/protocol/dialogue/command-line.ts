// A command of one line taken apart: a verb, then words between spaces (POP3, SMTP, SASL).

export interface CommandLine {
  /** Letters only, in upper case. */
  readonly verb: string
  /** What stands between spaces behind the verb. */
  readonly words: readonly Buffer[]
  /** Everything behind the verb and the spaces after it: for arguments that may have spaces. */
  readonly argument: Buffer
  /** The line without its end and the spaces before that. */
  readonly text: Buffer
}

const carriageReturn = 0x0d
const space = 0x20

/** Undefined when it does not begin with letters, or has a CR that ends nothing. */
export function parseCommandLine(bytes: Buffer): CommandLine | undefined {
  const content = lineContent(bytes)
  if (content === undefined) return undefined
  const end = content.indexOf(space)
  const verb = content.toString('latin1', 0, end < 0 ? content.length : end)
  if (!/^[A-Za-z]+$/.test(verb)) return undefined
  const behind = content.subarray(verb.length)
  const argumentAt = behind.findIndex((byte) => byte !== space)
  return {
    verb: verb.toUpperCase(),
    words: splitWords(behind),
    argument: argumentAt < 0 ? behind.subarray(behind.length) : behind.subarray(argumentAt),
    text: content.subarray(0, content.findLastIndex((byte) => byte !== space) + 1),
  }
}

/**
 * The words of a line in a SASL exchange. The first one begins with the line, and so is empty for
 * an empty line. Undefined when a CR ends nothing.
 */
export function parseResponseLine(bytes: Buffer): readonly [Buffer, ...Buffer[]] | undefined {
  const content = lineContent(bytes)
  if (content === undefined) return undefined
  const end = content.indexOf(space)
  if (end < 0) return [content]
  return [content.subarray(0, end), ...splitWords(content.subarray(end))]
}

function lineContent(bytes: Buffer): Buffer | undefined {
  const hasReturn = bytes.at(-2) === carriageReturn
  const content = bytes.subarray(0, bytes.length - (hasReturn ? 2 : 1))
  return content.includes(carriageReturn) ? undefined : content
}

function splitWords(bytes: Buffer): readonly Buffer[] {
  const words: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const next = bytes.indexOf(space, at)
    const end = next < 0 ? bytes.length : next
    if (end > at) words.push(bytes.subarray(at, end))
    at = end + 1
  }
  return words
}
