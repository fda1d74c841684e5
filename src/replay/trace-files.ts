// The files a recorder writes: one that grows, and the ones before it. FILE is the newest; FILE.1 the
// one before, and so on. Each begins with a header, so the oldest can go.

import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { constants, createGzip } from 'node:zlib'
import type { Gzip } from 'node:zlib'

export interface TraceFilesOptions {
  readonly path: string
  readonly maxBytes: number
  /** Files beside the newest. */
  readonly keepCount: number
}

/** A trace says who talked to this server: for its owner only. */
const fileMode = 0o600
/** Lines are put together up to so many characters. */
const blockLength = 64 * 1024

export class TraceFiles {
  readonly #options: TraceFilesOptions
  #current: OpenFile | undefined
  /** Those that are still being packed. */
  readonly #closing = new Set<Promise<void>>()
  #closedBytes = 0
  #failure: Error | undefined

  constructor(options: TraceFilesOptions) {
    this.#options = options
  }

  get isFull(): boolean {
    return (this.#current?.bytes ?? 0) >= this.#options.maxBytes
  }

  /** Of all files. */
  get writtenBytes(): number {
    return this.#closedBytes + (this.#current?.bytes ?? 0)
  }

  /** What made writing impossible. */
  get failure(): Error | undefined {
    return this.#failure ?? this.#current?.failure
  }

  /** Moves the files there are one on, drops what is too old, and begins a new one. */
  open(): void {
    const { path, keepCount } = this.#options
    this.#endCurrent()
    try {
      rmSync(numbered(path, keepCount), { force: true })
      for (let number = keepCount - 1; number >= 0; number -= 1) {
        if (existsSync(numbered(path, number))) {
          renameSync(numbered(path, number), numbered(path, number + 1))
        }
      }
      this.#current = new OpenFile(openSync(path, 'w', fileMode), path.endsWith('.gz'))
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error))
    }
  }

  write(line: string): void {
    this.#current?.write(line)
  }

  /** What was written stands in the file, even if the recorder dies now. */
  async flush(): Promise<void> {
    await this.#current?.flush()
  }

  async close(): Promise<void> {
    this.#endCurrent()
    await Promise.all(this.#closing)
  }

  #endCurrent(): void {
    const ended = this.#current
    if (ended === undefined) return
    this.#current = undefined
    const closing = this.#finish(ended)
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }

  async #finish(ended: OpenFile): Promise<void> {
    await ended.close()
    this.#closedBytes += ended.bytes
    this.#failure ??= ended.failure
  }
}

class OpenFile {
  readonly #descriptor: number
  readonly #gzip: Gzip | undefined
  #lines: string[] = []
  #lineLength = 0
  bytes = 0
  failure: Error | undefined

  constructor(descriptor: number, isPacked: boolean) {
    this.#descriptor = descriptor
    this.#gzip = isPacked ? createGzip() : undefined
    this.#gzip?.on('error', (error) => {
      this.failure = error
    })
    this.#gzip?.on('data', (chunk: Buffer) => this.#store(chunk))
  }

  write(line: string): void {
    this.#lines.push(line)
    this.#lineLength += line.length
    if (this.#lineLength >= blockLength) this.#writeBlock()
  }

  async flush(): Promise<void> {
    this.#writeBlock()
    const gzip = this.#gzip
    if (gzip === undefined) return
    await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, () => resolve()))
  }

  async close(): Promise<void> {
    this.#writeBlock()
    const gzip = this.#gzip
    if (gzip !== undefined) {
      const ended = new Promise<void>((resolve) => gzip.once('end', resolve).once('error', resolve))
      gzip.end()
      await ended
    }
    closeSync(this.#descriptor)
  }

  #writeBlock(): void {
    if (this.#lines.length === 0) return
    const block = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#lineLength = 0
    if (this.#gzip === undefined) this.#store(block)
    else this.#gzip.write(block)
  }

  #store(block: Buffer): void {
    try {
      for (let at = 0; at < block.length;) at += writeSync(this.#descriptor, block, at)
      this.bytes += block.length
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error))
    }
  }
}

/** `trace.gz` is the newest, `trace.1.gz` the one before: each opens as what it is. */
export function numbered(path: string, number: number): string {
  if (number === 0) return path
  return path.endsWith('.gz') ? `${path.slice(0, -'.gz'.length)}.${number}.gz` : `${path}.${number}`
}
