// Writes the pages of docs that are made from tables in the code: the catalogue of errors and log
// lines, and the lists of Momentum's options and nginx's directives. test/tidy.test.ts fails when they are out of date.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generatedPages } from './generated-pages.ts'

for (const [name, text] of generatedPages()) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url))
  const isSame = readOr(path) === text
  if (!isSame) writeFileSync(path, text)
  process.stdout.write(`${name}: ${isSame ? 'up to date' : 'written'}\n`)
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // not written yet
  }
}
