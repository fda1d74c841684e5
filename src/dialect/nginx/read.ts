// From an nginx text to its checked directives, with every mistake in the order nginx meets them.

import type { Diagnostic } from '../../base/diagnostic.ts'
import type { LoadOptions } from '../dialect.ts'
import { checkTree } from './check.ts'
import type { CheckedDirective } from './checked.ts'
import { loadTree } from './include.ts'
import { createReport } from './report.ts'

/** As for every dialect, save that nginx has no search path. */
export interface ReadOptions extends Omit<LoadOptions, 'searchPath'> {
  /** What `-g` said: it stands before the first line. */
  readonly globals?: readonly CheckedDirective[]
}

export interface ReadResult {
  /** Present when no diagnostic is an error. */
  readonly directives?: readonly CheckedDirective[]
  /** The first error is the one nginx itself would have stopped at. */
  readonly diagnostics: readonly Diagnostic[]
  /** What nginx prints after `[emerg]` for the first error: the text and, mostly, the place. */
  readonly emerg?: string
  /** Every file read, in order: absolute name and text. */
  readonly sources: ReadonlyMap<string, string>
}

/** Reads, includes and checks. Never throws on bad input. */
export function readConfiguration(options: ReadOptions): ReadResult {
  const { statements, sources } = loadTree(options)
  const report = createReport()
  const { directives, emerg } = checkTree(statements, report, options.globals)
  const diagnostics = withoutRepeats(report.diagnostics())
  return { ...(emerg === undefined ? { directives } : { emerg }), diagnostics, sources }
}

/** A file that is included twice has its mistakes once. */
function withoutRepeats(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((found) => [JSON.stringify(found), found])).values()]
}
