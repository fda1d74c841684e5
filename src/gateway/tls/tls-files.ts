// Reads the files that TLS is made of, each once for a policy: what is wrong with one names the
// option, its file and its line.

import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Span } from '../../base/diagnostic.ts'
import { PosternError } from '../../base/errors.ts'
import type { GatewayErrorCode } from '../codes.ts'
import { errnoText } from '../errno.ts'

/** An option that names a file. */
export interface FileOption {
  /** As its dialect spells it. */
  readonly name: string
  /** Absent: the file is a default. */
  readonly origin?: Span | undefined
}

/** The files of one policy. */
export class TlsFiles {
  readonly #prefix: string
  readonly #files = new Map<string, Buffer>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** The bytes of a file; throws a PosternError that says whose file it is. */
  read(path: string, { name, origin }: FileOption): Buffer {
    const full = isAbsolute(path) ? path : join(this.#prefix, path)
    const known = this.#files.get(full)
    if (known !== undefined) return known
    try {
      const bytes = readFileSync(full)
      this.#files.set(full, bytes)
      return bytes
    } catch (cause) {
      const text = `${name}: cannot read "${path}" (${errnoText(cause)})`
      throw tlsError('gateway.tls_file', text, { origin, cause })
    }
  }
}

/** An error about TLS, with the place in the configuration that it is about. */
export function tlsError(
  code: GatewayErrorCode,
  text: string,
  { origin, cause }: { readonly origin?: Span | undefined; readonly cause?: unknown },
): PosternError {
  const where = origin === undefined ? '' : ` (${origin.file}:${origin.line})`
  const fields = origin === undefined ? {} : { file: origin.file, line: origin.line }
  return new PosternError(code, `${text}${where}`, { cause, fields })
}
