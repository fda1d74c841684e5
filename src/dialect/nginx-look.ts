// Tells nginx's configuration language from Momentum's by looking at the text.

/** Where a text gives itself away. */
export interface NginxSign {
  readonly line: number
  readonly column: number
  readonly endColumn: number
}

/** A block of nginx's main context; Momentum has no scope of these names. */
const block = /^[ \t]*(mail|events|http|stream)[ \t]*(\{|$)/

/** A directive that ends in a semicolon. `Name = value;` is a slip in Momentum's language. */
const directive = /^[ \t]*([a-z_]+)(?:[ \t]+[^=\s;][^;]*)?;[ \t]*$/

/** Momentum's listeners: a text that has one is Momentum's, whatever else it holds. */
const listener = /^[ \t]*(?:esmtp|ecstream|imap|pop3)_listener\b/im

/** The first line that only nginx's language has, or undefined when there is none. */
export function looksLikeNginx(text: string): NginxSign | undefined {
  if (listener.test(text)) return undefined
  const lines = text.split('\n')
  for (const [index, full] of lines.entries()) {
    const line = full.replace(/#.*$/, '').trimEnd()
    const word = (block.exec(line) ?? directive.exec(line))?.[1]
    if (word === undefined) continue
    const column = line.indexOf(word) + 1
    return { line: index + 1, column, endColumn: column + word.length }
  }
  return undefined
}
