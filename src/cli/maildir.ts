// Delivers messages into a Maildir: written under tmp, moved to new when whole, so that a reader
// never sees half a message.

import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export class Maildir {
  readonly path: string
  #deliveredCount = 0

  private constructor(path: string) {
    this.path = path
  }

  /** Makes `tmp`, `new` and `cur` where they are missing. */
  static async create(path: string): Promise<Maildir> {
    for (const name of ['tmp', 'new', 'cur']) await mkdir(join(path, name), { recursive: true })
    return new Maildir(path)
  }

  /**
   * Stores one message; answers its name. `approve` is called when all of it has come, and may
   * throw. When it does, or the stream breaks, nothing is kept.
   */
  async deliver(message: Readable, approve: () => void = () => {}): Promise<string> {
    const name = this.#uniqueName()
    const temporary = join(this.path, 'tmp', name)
    try {
      // wx: never over a message that is there already.
      await pipeline(message, createWriteStream(temporary, { flags: 'wx', mode: 0o600 }))
      approve()
      await syncFile(temporary)
      await rename(temporary, join(this.path, 'new', name))
      return name
    } catch (error) {
      await unlink(temporary).catch(() => {})
      throw error
    }
  }

  /** Time, process and count make it unique on this host, and the host's name elsewhere. */
  #uniqueName(): string {
    this.#deliveredCount += 1
    const nowMs = Date.now()
    const micros = String((nowMs % 1000) * 1000)
    const host = hostname()
      .replaceAll('/', String.raw`\057`)
      .replaceAll(':', String.raw`\072`)
    return `${Math.floor(nowMs / 1000)}.M${micros}P${process.pid}Q${this.#deliveredCount}.${host}`
  }
}

/** The message is answered for with 250, so it has to be on the disk. */
async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
