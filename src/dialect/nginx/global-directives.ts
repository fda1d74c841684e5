// The text of `-g`: nginx's global directives, without blocks, put before the file.

import type { Diagnostic } from '../../base/diagnostic.ts'
import { checkGlobals } from './check.ts'
import type { CheckedDirective } from './checked.ts'
import { parse } from './parser.ts'
import { createReport } from './report.ts'

/** `problem` is what nginx prints after `[emerg]`: the first mistake, ` in command line`. */
export type GlobalsResult =
  | {
      readonly directives: readonly CheckedDirective[]
      readonly warnings: readonly Diagnostic[]
    }
  | { readonly problem: string; readonly diagnostics: readonly Diagnostic[] }

/** The name of the text in spans; no file is called so. */
export const commandLine = 'command line'

/** Reads `daemon off; pid run/postern.pid;`. Never throws. */
export function parseGlobalDirectives(text: string): GlobalsResult {
  const report = createReport()
  const statements = parse({ file: commandLine, text }, { isCommandLine: true })
  const directives = checkGlobals(statements, report)
  const diagnostics = report.diagnostics()
  const first = diagnostics.find(({ severity }) => severity === 'error')
  if (first === undefined) return { directives, warnings: diagnostics }
  return { problem: `${first.message} in ${commandLine}`, diagnostics }
}
