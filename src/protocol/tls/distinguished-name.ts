// A certificate's subject or issuer as nginx writes it (RFC 2253): from the innermost part to the
// outermost, on one line, ASCII alone.

/**
 * `name` is what Node.js prints: a line for each part, the parts of a multi-valued one with ` + `
 * between them, and all that RFC 2253 escapes escaped already.
 *
 * @example
 * distinguishedName('C=DE\nCN=kai')  // CN=kai,C=DE
 */
export function distinguishedName(name: string): string {
  // A plus or a line end of a value is escaped, so these separate parts and nothing else.
  return name
    .split('\n')
    .filter((part) => part !== '')
    .toReversed()
    .map((part) => part.split(' + ').toReversed().join('+'))
    .map(asciiOnly)
    .join(',')
}

function asciiOnly(text: string): string {
  return text.replace(/[^\u0000-\u007f]+/g, (characters) =>
    Array.from(Buffer.from(characters), (byte) => `\\${byte.toString(16).toUpperCase()}`).join(''),
  )
}
