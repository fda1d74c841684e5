// Reads the answer of an auth server: headers only, whatever the status (freenginx auth_http).

import { LineReader } from '../../base/line-reader.ts'
import { judgeHeaders, type JudgeOptions } from './judge.ts'
import { type AuthFault, authServerFault } from './log-text.ts'
import type { AuthBroken, AuthHeader, AuthOutcome } from './outcome.ts'

/**
 * All headers together, line ends included. freenginx takes 1,024 bytes, which a web framework's
 * own headers (cookies, content security policy) overrun; 8 KiB is what web servers commonly take
 * for the headers of a request, and still nothing beside a session's buffers.
 */
export const authResponseMaxBytes = 8_192

/** What a reader may keep: the headers read, and a line not yet ended. */
export const authReaderMaxBytes: number = 2 * authResponseMaxBytes

const statusStart = Buffer.from('HTTP/')
const headerName = /^[A-Za-z0-9][A-Za-z0-9-]*$/
/** nginx's rule: what else a token of HTTP may be made of is not taken. */
export function isAuthHeaderName(name: string): boolean {
  return headerName.test(name)
}
const carriageReturn = 0x0d
const space = 0x20

/**
 * Bytes in, one outcome out. It is known at the empty line behind the headers, or earlier when a
 * line is wrong; a body is never looked at.
 *
 * @example
 * const reader = new AuthResponseReader({ serverName: '127.0.0.1:80', needsPassword: false })
 * const outcome = reader.read(chunk)
 */
export class AuthResponseReader {
  readonly #options: JudgeOptions
  readonly #lines = new LineReader(authResponseMaxBytes)
  #headers: AuthHeader[] = []
  #lineCount = 0
  #readBytes = 0
  #outcome: AuthOutcome | undefined

  constructor(options: JudgeOptions) {
    this.#options = options
  }

  /** Bytes kept now. */
  get bufferedBytes(): number {
    return this.#outcome === undefined ? this.#lines.heldBytes + this.#readBytes : 0
  }

  /** The outcome, once it is known; after that, further bytes change nothing. */
  read(chunk: Buffer): AuthOutcome | undefined {
    if (this.#outcome !== undefined) return this.#outcome
    this.#lines.push(chunk)
    while (this.#outcome === undefined) {
      const result = this.#lines.next()
      if (result === undefined) return undefined
      if (result.kind === 'too_long') return this.#fail('sent too big header in response')
      this.#readBytes += result.line.length + 1
      this.#outcome = this.#onLine(result.line)
    }
    this.#forget()
    return this.#outcome
  }

  /** The server closed the connection. */
  end(): AuthOutcome {
    return this.#outcome ?? this.#fail('prematurely closed connection')
  }

  #onLine(line: Buffer): AuthOutcome | undefined {
    if (this.#readBytes > authResponseMaxBytes)
      return this.#broken('sent too big header in response')
    this.#lineCount += 1
    const hasStrayReturn = line.includes(carriageReturn)
    if (this.#lineCount === 1 && line.subarray(0, statusStart.length).equals(statusStart)) {
      return hasStrayReturn ? this.#broken('sent invalid response') : undefined
    }
    if (line.length === 0) return judgeHeaders(this.#headers, this.#options)
    // What a value holds reaches clients, so nothing in it may look like a line end to anyone.
    const header = hasStrayReturn || line.includes(0) ? undefined : parseHeader(line)
    if (header === undefined) return this.#broken('sent invalid header in response')
    this.#headers.push(header)
    return undefined
  }

  #broken(fault: AuthFault): AuthBroken {
    return { kind: 'broken', logText: authServerFault(this.#options.serverName, fault) }
  }

  #fail(fault: AuthFault): AuthOutcome {
    const outcome = this.#broken(fault)
    this.#outcome = outcome
    this.#forget()
    return outcome
  }

  #forget(): void {
    this.#lines.takeRest()
    this.#headers = []
  }
}

/** A header; nginx takes a name without a colon as one without a value. */
function parseHeader(line: Buffer): AuthHeader | undefined {
  const colon = line.indexOf(':')
  const name = line.toString('latin1', 0, colon < 0 ? line.length : colon)
  if (!headerName.test(name)) return undefined
  // Copied, since the line may share the memory of a large chunk.
  return {
    name,
    value: Buffer.from(trimSpaces(line.subarray(colon < 0 ? line.length : colon + 1))),
  }
}

/** Spaces only, as nginx: a tab belongs to the value. */
function trimSpaces(value: Buffer): Buffer {
  let start = 0
  let end = value.length
  while (start < end && value[start] === space) start += 1
  while (end > start && value[end - 1] === space) end -= 1
  return value.subarray(start, end)
}
