// Configuration files that live in a map: for tests, and for texts that never were on a disk.

import { posix } from 'node:path'
import type { FileReader } from './dialect.ts'

/** A reader over absolute paths and their texts; a directory is what has a file below it. */
export function memoryReader(files: ReadonlyMap<string, string>): FileReader {
  function below(directory: string): string[] {
    const prefix = directory.endsWith('/') ? directory : `${directory}/`
    return [...files.keys()]
      .filter((file) => file.startsWith(prefix))
      .map((file) => file.slice(prefix.length))
  }
  return {
    read(file) {
      const text = files.get(file)
      return text === undefined ? { problem: 'there is no such file' } : { text }
    },
    kindOf(path) {
      const normal = posix.normalize(path).replace(/(.)\/$/, '$1')
      if (files.has(normal)) return 'file'
      return below(normal).length > 0 ? 'directory' : undefined
    },
    list: (directory) => [...new Set(below(directory).map((name) => name.split('/', 1)[0] ?? ''))],
  }
}
