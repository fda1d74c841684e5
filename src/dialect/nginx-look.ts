// Tells nginx's configuration language from Momentum's by looking at the text.

/** A block of nginx's main context; Momentum has no scope of these names. */
const block = /^[ \t]*(?:mail|events|http|stream)[ \t]*(?:\{|$)/

/** A directive that ends in a semicolon. `Name = value;` is a slip in Momentum's language. */
const directive = /^[ \t]*[a-z_]+(?:[ \t]+[^=\s;][^;]*)?;[ \t]*$/

/** A directive and the beginning of what follows it on the same line. */
const crowded = /^[ \t]*[a-z_]+(?:[ \t]+[^=\s;{}"']+)*;[ \t]*[a-z_]/

/** Momentum's listeners: a text that has one is Momentum's, whatever else it holds. */
const listener = /^[ \t]*(?:esmtp|ecstream|imap|pop3)_listener\b/im

/** True when a line is one that only nginx's language has. */
export function looksLikeNginx(text: string): boolean {
  if (listener.test(text)) return false
  return text.split('\n').some((full) => {
    const line = full.replace(/#.*$/, '').trimEnd()
    return block.test(line) || directive.test(line) || crowded.test(line)
  })
}
