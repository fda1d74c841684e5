// The version, read from the package's own description.

import { readFileSync } from 'node:fs'

/** `0.1.0`. The description stands two directories up, in the sources and in the built package. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const description: unknown = JSON.parse(text)
  const isObject = typeof description === 'object' && description !== null
  if (!isObject || !('version' in description)) return 'unknown'
  return String(description.version)
}
