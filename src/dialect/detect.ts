// The list of dialects, and the choice among them: by the text, never by the file's name.

import type { Diagnostic } from '../base/diagnostic.ts'
import type { Dialect, LoadOptions, LoadResult } from './dialect.ts'
import { momentum } from './momentum/momentum.ts'
import { looksLikeNginx } from './nginx-look.ts'

/** Every language this version reads. */
const dialects: readonly Dialect[] = [momentum]

/** Codes of the diagnostics made here, each with its explanation. */
export const dialectCodes = {
  'dialect.file_unreadable': 'The configuration file cannot be read.',
  'dialect.nginx_not_in_this_version':
    'The text is in the language of nginx, which this version does not read yet.',
} as const

type DialectCode = keyof typeof dialectCodes

/** The dialect of a text, or the diagnostic that says why there is none. */
export function detectDialect(
  file: string,
  text: string,
): { readonly dialect: Dialect } | { readonly problem: Diagnostic } {
  const dialect = dialects.find((candidate) => candidate.detect(text))
  if (dialect !== undefined) return { dialect }
  const sign = looksLikeNginx(text)
  return {
    problem: {
      ...error('dialect.nginx_not_in_this_version', 'this looks like an nginx configuration'),
      ...(sign === undefined ? {} : { span: { file, ...sign } }),
      hint: "the nginx dialect is not in this version; write the policy in Momentum's language",
    },
  }
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
  const detected = detectDialect(file, text)
  if ('dialect' in detected) return detected.dialect.load({ ...options, text })
  return { diagnostics: [detected.problem], sources: new Map([[file, text]]) }
}

function error(code: DialectCode, message: string): Diagnostic {
  return { severity: 'error', code, message }
}
