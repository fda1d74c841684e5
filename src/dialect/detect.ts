// The list of dialects, and the choice among them: by the text, never by the file's name.

import type { Diagnostic } from '../base/diagnostic.ts'
import type { Dialect, LoadOptions, LoadResult } from './dialect.ts'
import { momentum } from './momentum/momentum.ts'
import { nginx } from './nginx/nginx.ts'

/** Codes of the diagnostics made here, each with its explanation. */
export const dialectCodes = {
  'dialect.file_unreadable': 'The configuration file cannot be read.',
} as const

type DialectCode = keyof typeof dialectCodes

/** The dialect of a text: nginx's when anything in it looks so, else Momentum's. */
export function detectDialect(text: string): Dialect {
  return nginx.detect(text) ? nginx : momentum
}

/** The dialect of a policy. */
export function dialectOf(name: Dialect['name']): Dialect {
  return name === 'nginx' ? nginx : momentum
}

/** Reads the main file, finds its dialect and loads it. Never throws on bad input. */
export function loadConfiguration(options: LoadOptions): LoadResult {
  const { file } = options
  const found = options.text === undefined ? options.reader.read(file) : { text: options.text }
  if ('problem' in found) {
    const message = `cannot read ${file}: ${found.problem}`
    return { diagnostics: [error('dialect.file_unreadable', message)], sources: new Map() }
  }
  const { text } = found
  return detectDialect(text).load({ ...options, text })
}

function error(code: DialectCode, message: string): Diagnostic {
  return { severity: 'error', code, message }
}
