// Reads configuration files from the disk.

import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import type { FileReader } from './dialect.ts'

/**
 * The largest file taken: 10,000 Peers fill one megabyte. A bound at all, because a path like
 * /dev/zero never ends.
 */
const maxFileBytes = 16_777_216

/** Bytes asked for at once; a configuration usually fits. */
const chunkBytes = 65_536

/** The disk. Problems come back as words, except for a directory that cannot be listed. */
export const fileReader: FileReader = {
  read(file) {
    try {
      return readBounded(file)
    } catch (error) {
      return { problem: problemOf(error) }
    }
  },
  kindOf(path) {
    try {
      const stat = statSync(path, { throwIfNoEntry: false })
      if (stat === undefined) return undefined
      return stat.isDirectory() ? 'directory' : 'file'
    } catch {
      // Not to be looked at is as good as not there: the include says which paths it tried.
      return undefined
    }
  },
  list: (directory) => readdirSync(directory),
}

function readBounded(file: string): ReturnType<FileReader['read']> {
  const descriptor = openSync(file, 'r')
  try {
    const chunks: Buffer[] = []
    let sizeBytes = 0
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes)
      const count = readSync(descriptor, chunk, 0, chunkBytes, null)
      if (count === 0) return decode(Buffer.concat(chunks))
      chunks.push(chunk.subarray(0, count))
      sizeBytes += count
      if (sizeBytes > maxFileBytes) return { problem: `it has more than ${maxFileBytes} bytes` }
    }
  } finally {
    closeSync(descriptor)
  }
}

function decode(bytes: Buffer): ReturnType<FileReader['read']> {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { problem: 'it is not UTF-8 text' }
  }
}

const problems: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'it is a directory'],
  ['ENOTDIR', 'a part of its path is not a directory'],
  ['ELOOP', 'too many symbolic links'],
])

function problemOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return problems.get(code) ?? (code === '' ? String(error) : `the system says ${code}`)
}
