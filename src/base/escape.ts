// Makes untrusted bytes printable, for logs.

// What stands at the end of a text that was cut.
const cutMark = '...'

/**
 * Untrusted text as printable ASCII: quotes and backslashes get a backslash, every other byte
 * outside space to tilde becomes `\xNN`, as nginx does in its logs. A string is taken as UTF-8. The
 * result has at most `maxLength` characters; a cut one ends in `...`, never inside an escape.
 *
 * @example
 * escapeText('a"b\r\n', 100) // 'a\\"b\\x0D\\x0A'
 */
export function escapeText(text: string | Uint8Array, maxLength: number): string {
  // One character is at least one byte, so no more than this can show.
  const bytes =
    typeof text === 'string'
      ? Buffer.from(text.slice(0, maxLength + 1))
      : text.subarray(0, maxLength + 1)
  let escaped = ''
  // Where to cut so that the mark still fits.
  let cutAt = 0
  for (const byte of bytes) {
    const shown = escapeByte(byte)
    if (escaped.length + shown.length > maxLength) {
      return escaped.slice(0, cutAt) + cutMark.slice(0, maxLength - cutAt)
    }
    escaped += shown
    if (escaped.length + cutMark.length <= maxLength) cutAt = escaped.length
  }
  return escaped
}

function escapeByte(byte: number): string {
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`
  if (byte >= 0x20 && byte <= 0x7e) return String.fromCharCode(byte)
  return `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
}
