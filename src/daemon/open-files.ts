// How many files this process may have open: every session takes two.

import { readFileSync } from 'node:fs'

/** The limit in force; undefined where the system does not say, or sets none. */
export function openFilesLimit(path = '/proc/self/limits'): number | undefined {
  try {
    const found = /^Max open files +(\d+)/m.exec(readFileSync(path, 'utf8'))
    return found === null ? undefined : Number(found[1])
  } catch {
    // Not Linux: nothing is known, and nothing is said.
    return undefined
  }
}
