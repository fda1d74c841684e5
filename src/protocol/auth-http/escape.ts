// Percent-encoding for the request to an auth server: what keeps a client's bytes inside a header.

const percent = 0x25
const space = 0x20
const tab = 0x09

/**
 * nginx's escaping of user names, passwords, client names and certificates: 0x00 to 0x20 and `%`
 * become `%XX`; every other byte, UTF-8 included, stays.
 */
export function escapeCredential(text: string | Uint8Array): Buffer {
  return escapeBytes(text, (byte) => byte <= space || byte === percent)
}

/** For values nginx sends as they are: only what could end the line or break it is encoded. */
export function escapeLine(text: string | Uint8Array): Buffer {
  return escapeBytes(text, (byte) => byte < space && byte !== tab)
}

/** For the request line, where a space would end the URI; `%` stays, as it is escaped already. */
export function escapeUri(text: string): Buffer {
  return escapeBytes(text, (byte) => byte <= space)
}

function escapeBytes(text: string | Uint8Array, isEscaped: (byte: number) => boolean): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text) : Buffer.from(text)
  if (!bytes.some(isEscaped)) return bytes
  const escaped = Buffer.alloc(bytes.length * 3)
  let length = 0
  for (const byte of bytes) {
    if (isEscaped(byte)) {
      length += escaped.write(`%${byte.toString(16).toUpperCase().padStart(2, '0')}`, length)
    } else {
      escaped[length] = byte
      length += 1
    }
  }
  return escaped.subarray(0, length)
}
