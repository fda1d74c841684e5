// The live page as it is served: the few files that the build made, packed once, in memory.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

export interface PageAnswer {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer>
}

export interface PageRequest {
  /** Below the admin address: `/`, `/main-4U6OJ7ZN.js`. */
  readonly path: string
  readonly acceptEncoding: string | undefined
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

interface PageFile {
  readonly type: string
  /** The name has a hash of what is in it: whoever has it has it for good. */
  readonly isForGood: boolean
  readonly plain: Uint8Array<ArrayBuffer>
  readonly zipped: Uint8Array<ArrayBuffer>
}

export class PageFiles {
  readonly #files: ReadonlyMap<string, PageFile>

  private constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files
  }

  /** Reads everything once: what is served is in memory. Undefined: the page is not built. */
  static load(directory: string): PageFiles | undefined {
    if (!existsSync(join(directory, 'index.html'))) return undefined
    const files = new Map<string, PageFile>()
    for (const name of readdirSync(directory)) {
      const type = types[extname(name)]
      if (type === undefined) continue
      const plain = new Uint8Array(readFileSync(join(directory, name)))
      const zipped = new Uint8Array(gzipSync(plain, { level: 9 }))
      const isIndex = name === 'index.html'
      files.set(isIndex ? '/' : `/${name}`, { type, isForGood: !isIndex, plain, zipped })
    }
    return new PageFiles(files)
  }

  /** Undefined: there is no such file. */
  answer({ path, acceptEncoding = '' }: PageRequest): PageAnswer | undefined {
    const file = this.#files.get(path)
    if (file === undefined) return undefined
    const { type, isForGood, plain, zipped } = file
    const takesZipped = /\bgzip\b(?!\s*;\s*q=0(?:\.0+)?\s*(?:,|$))/i.test(acceptEncoding)
    return {
      body: takesZipped ? zipped : plain,
      headers: {
        'content-type': type,
        vary: 'accept-encoding',
        'cache-control': isForGood ? 'public, max-age=31536000, immutable' : 'no-cache',
        ...(takesZipped ? { 'content-encoding': 'gzip' } : {}),
      },
    }
  }
}
