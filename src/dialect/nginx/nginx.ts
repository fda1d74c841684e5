// The nginx dialect: text to Policy, with every mistake reported at its place.

import { dirname } from 'node:path'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { validatePolicy } from '../../policy/validate.ts'
import type { Dialect, LoadOptions, LoadResult } from '../dialect.ts'
import { looksLikeNginx } from '../nginx-look.ts'
import type { Lowering } from './draft.ts'
import { lower } from './lower.ts'
import { parse } from './parser.ts'
import { print } from './print.ts'
import { readConfiguration } from './read.ts'
import { createReport } from './report.ts'
import { withAbsolutePaths } from '../../policy/absolute-paths.ts'
import { writeNginx } from './write.ts'
import { wordOf } from './write-options.ts'

/** The configuration language of nginx's mail proxy, with the additions of CONTRACT.md. */
export const nginx: Dialect = {
  name: 'nginx',
  detect: looksLikeNginx,
  load,
  print: (source) => print(parse(source)),
  write: (policy, prefix) => writeNginx(withAbsolutePaths(policy, prefix)),
  word: wordOf,
}

function load(options: LoadOptions): LoadResult {
  const { directives, diagnostics: found, emerg, sources } = readConfiguration(options)
  if (directives === undefined) {
    return { diagnostics: found, sources, ...(emerg === undefined ? {} : { emerg }) }
  }
  const lowering: Lowering = {
    report: createReport(),
    directory: dirname(options.file),
    findings: [],
    used: new Set(),
  }
  const policy = lower(directives, options.file, lowering)
  const own = [...found, ...lowering.report.diagnostics(), ...lowering.findings]
  const crossing = own.some(isError) ? [] : validatePolicy(policy, nginx.word)
  const diagnostics = withoutRepeats([...own, ...crossing])
  const first = diagnostics.find(isError)
  if (first !== undefined) return { diagnostics, sources, emerg: emergOf(first) }
  return { policy, diagnostics, sources }
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error'
}

function emergOf({ message, span }: Diagnostic): string {
  return span === undefined ? message : `${message} in ${span.file}:${span.line}`
}

/** What `mail` says is lowered for each server, and wrong once. */
function withoutRepeats(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((found) => [JSON.stringify(found), found])).values()]
}
