// The Momentum dialect: text to Policy, with every mistake reported at its place.

import type { Diagnostic } from '../../base/diagnostic.ts'
import type { OptionName } from '../../policy/options.ts'
import { validatePolicy } from '../../policy/validate.ts'
import type { Dialect, LoadOptions, LoadResult } from '../dialect.ts'
import { looksLikeNginx } from '../nginx-look.ts'
import { loadTree } from './include.ts'
import { lower } from './lower.ts'
import { parse } from './parser.ts'
import { print } from './print.ts'
import { createReport } from './report.ts'
import { scopeTitles } from './scope-table.ts'
import { writeMomentum } from './write.ts'
import { momentumName } from './write-options.ts'

/** Momentum's configuration language, with the additions of CONTRACT.md. */
export const momentum: Dialect = {
  name: 'momentum',
  // Every text that is not nginx's is read as Momentum's, so that its mistakes are explained.
  detect: (text) => !looksLikeNginx(text),
  load,
  print: (source) => print(parse(source, createReport())),
  write: (policy) => writeMomentum(policy),
  word: wordOf,
}

function wordOf(option: OptionName, value?: unknown): string {
  if (option === 'limitConns') return scopeTitles.limit_conn
  return momentumName(option, value as never) // the value of that option, or none
}

function load(options: LoadOptions): LoadResult {
  const report = createReport()
  const { statements, sources } = loadTree(options, report)
  const policy = lower(statements, options.file, report)
  // What crosses scopes is judged only when every scope is complete: a Listen whose Upstream is
  // mistyped should not be told that it has none.
  const crossing = report.hasErrors ? [] : validatePolicy(policy, wordOf)
  const diagnostics = inTextOrder(withoutRepeats([...report.diagnostics(), ...crossing]), sources)
  const hasErrors = diagnostics.some((diagnostic) => diagnostic.severity === 'error')
  return { ...(hasErrors ? {} : { policy }), diagnostics, sources }
}

/** A file that is included twice has its mistakes once. */
function withoutRepeats(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((found) => [JSON.stringify(found), found])).values()]
}

/** By file in the order of reading, then by place; what has no place comes last. */
function inTextOrder(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
): readonly Diagnostic[] {
  const fileOrder = new Map([...sources.keys()].map((file, index) => [file, index]))
  const last = Number.MAX_SAFE_INTEGER
  function rank({ span }: Diagnostic): readonly [number, number, number] {
    return span === undefined
      ? [last, 0, 0]
      : [fileOrder.get(span.file) ?? last, span.line, span.column]
  }
  const ranked = diagnostics.map((diagnostic) => ({ diagnostic, rank: rank(diagnostic) }))
  return ranked
    .toSorted(
      (one, other) =>
        one.rank[0] - other.rank[0] || one.rank[1] - other.rank[1] || one.rank[2] - other.rank[2],
    )
    .map(({ diagnostic }) => diagnostic)
}
