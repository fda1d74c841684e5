// The golden files of every dialect: how a NAME.case is taken apart and how its result is laid out.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** UPDATE_GOLDENS=1 writes what loading gives now. */
export const isUpdating: boolean = process.env['UPDATE_GOLDENS'] === '1'

/** Where the configuration of a case lies. */
export const mainFile = '/conf/main.conf'

/** What stands between two sections of a case. */
export const rule: string = '-'.repeat(60)

/** Adding a case is adding a file. */
export function caseNames(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.case'))
}

/** Text before the first line of ten or more dashes, and text after it. */
export function splitCase(text: string): [string, string] {
  const line = /^-{10,}\n/m.exec(text)
  if (line === null) return [text, '']
  return [text.slice(0, line.index), text.slice(line.index + line[0].length)]
}

/** `=== b.conf` starts another file, with a path relative to the main one, in /conf. */
export function filesOf(input: string): Map<string, string> {
  const [main = '', ...others] = input.split(/^=== /m)
  const files = new Map([[mainFile, main]])
  for (const other of others) {
    const newline = other.indexOf('\n')
    files.set(join('/conf', other.slice(0, newline)), other.slice(newline + 1))
  }
  return files
}

/** JSON with everything that fits into 100 columns on one line. */
export function layOut(value: unknown, indent: string): string {
  const flat = JSON.stringify(value)
  if (typeof value !== 'object' || value === null || indent.length + flat.length <= 100) return flat
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    const items = value.map((item) => `${inner}${layOut(item, inner)}`)
    return `[\n${items.join(',\n')}\n${indent}]`
  }
  const fields = Object.entries(value).map(
    ([key, field]) => `${inner}${JSON.stringify(key)}: ${layOut(field, inner)}`,
  )
  return `{\n${fields.join(',\n')}\n${indent}}`
}
