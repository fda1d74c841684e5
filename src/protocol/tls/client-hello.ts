// Reads the server name out of a TLS client's first message (RFC 8446 4.1.2, RFC 6066 3), so that
// the certificate can be chosen before the TLS library begins. It judges nothing: what it cannot
// read is the library's to answer.

/** What a client asked for; no name: it named none, or spoke no TLS. */
export interface ClientHello {
  readonly serverName?: string
}

// Post-quantum key shares make a ClientHello of 2 KiB, long tickets of 4 KiB; four records' worth of
// the smallest usable size are more than any client sends, and little to hold.
const helloBytesMax = 16_384

const recordHeaderBytes = 5
const handshakeHeaderBytes = 4
const handshakeRecord = 22
const clientHelloType = 1
const serverNameExtension = 0
const hostName = 0

/** RFC 1035: a name of 253 characters. The underscore is in use, though no host name has it. */
const namePattern = /^[A-Za-z0-9_.-]{1,253}$/

/** Collects a client's first bytes until they say what it asks for. */
export class ClientHelloReader {
  #chunks: Buffer[] = []
  #length = 0
  /** So many bytes must be there before another look is worth it. */
  #needed = recordHeaderBytes

  /** Undefined: more is needed. */
  push(chunk: Buffer): ClientHello | undefined {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length < this.#needed) return undefined
    const bytes = this.bytes()
    const message = messageIn(bytes)
    if (typeof message !== 'number') return message === undefined ? {} : helloOf(message)
    if (message > helloBytesMax) return {}
    this.#needed = message
    return undefined
  }

  /** Everything that came, in one piece. */
  bytes(): Buffer {
    const [first] = this.#chunks
    if (this.#chunks.length === 1 && first !== undefined) return first
    const bytes = Buffer.concat(this.#chunks)
    this.#chunks = [bytes]
    return bytes
  }
}

/** The body of the ClientHello, or how many bytes it takes to know more, or undefined: it is none. */
function messageIn(bytes: Buffer): Buffer | number | undefined {
  const parts: Buffer[] = []
  let collected = 0
  let at = 0
  for (;;) {
    if (bytes.length > at && bytes[at] !== handshakeRecord) return undefined
    if (bytes.length < at + recordHeaderBytes) return at + recordHeaderBytes
    const end = at + recordHeaderBytes + bytes.readUInt16BE(at + 3)
    // An empty record says nothing, and could be sent for ever.
    if (bytes[at + 1] !== 3 || end === at + recordHeaderBytes) return undefined
    if (bytes.length < end) return end
    parts.push(bytes.subarray(at + recordHeaderBytes, end))
    collected += end - at - recordHeaderBytes
    at = end
    if (collected < handshakeHeaderBytes) continue
    const payload = parts.length === 1 ? parts[0] : Buffer.concat(parts)
    if (payload === undefined || payload[0] !== clientHelloType) return undefined
    const length = payload.readUIntBE(1, 3)
    if (length > helloBytesMax) return undefined
    if (collected >= handshakeHeaderBytes + length) {
      return payload.subarray(handshakeHeaderBytes, handshakeHeaderBytes + length)
    }
  }
}

/** Walks a message; every step answers undefined once the bytes are at their end. */
class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  number(size: 1 | 2): number | undefined {
    const from = this.#at
    if (from + size > this.#bytes.length) return undefined
    this.#at += size
    return this.#bytes.readUIntBE(from, size)
  }

  take(size: number | undefined): Buffer | undefined {
    if (size === undefined || this.#at + size > this.#bytes.length) return undefined
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }
}

function helloOf(message: Buffer): ClientHello {
  const cursor = new Cursor(message)
  // Version and random; session id; cipher suites; compression methods.
  cursor.take(34)
  cursor.take(cursor.number(1))
  cursor.take(cursor.number(2))
  cursor.take(cursor.number(1))
  const block = cursor.take(cursor.number(2))
  if (block === undefined) return {}
  const extensions = new Cursor(block)
  while (!extensions.isAtEnd) {
    const type = extensions.number(2)
    const body = extensions.take(extensions.number(2))
    if (type === undefined || body === undefined) return {}
    if (type === serverNameExtension) return serverNameOf(body)
  }
  return {}
}

function serverNameOf(extension: Buffer): ClientHello {
  const cursor = new Cursor(extension)
  const names = new Cursor(cursor.take(cursor.number(2)) ?? Buffer.alloc(0))
  while (!names.isAtEnd) {
    const type = names.number(1)
    const bytes = names.take(names.number(2))
    if (type === undefined || bytes === undefined) return {}
    const name = bytes.toString('latin1')
    if (type === hostName && namePattern.test(name)) return { serverName: name.toLowerCase() }
  }
  return {}
}
