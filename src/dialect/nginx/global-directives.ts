// The text of `-g`: nginx's global directives, without blocks, put before the file.

import type { Diagnostic } from '../../base/diagnostic.ts'
import type { DaemonOptions } from '../../policy/policy.ts'
import { BlockView } from './block-view.ts'
import { checkGlobals } from './check.ts'
import type { CheckedDirective } from './checked.ts'
import type { Lowering } from './draft.ts'
import { lowerDaemon } from './lower-daemon.ts'
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

/** What directives of `-g` mean, or what nginx prints after `[emerg]` and how to mend it. */
export type GlobalOptionsResult =
  | { readonly daemon: DaemonOptions; readonly warnings: readonly Diagnostic[] }
  | { readonly problem: string; readonly hint?: string }

/** What the daemon takes from its command line; the rest is of the file alone. */
const acted: ReadonlySet<string> = new Set(['pid', 'error_log', 'worker_processes', 'daemon'])

/** Reads the text of `-g` down to what the daemon needs. Never throws. */
export function readGlobalOptions(text: string): GlobalOptionsResult {
  const parsed = parseGlobalDirectives(text)
  if ('problem' in parsed) return problemOf(parsed.diagnostics) ?? { problem: parsed.problem }
  const idle = parsed.directives.find(
    ({ spec, name }) => spec.status === 'works' && !acted.has(name.text),
  )
  if (idle !== undefined) {
    return {
      problem: `"${idle.name.text}" directive is not supported in -g option in ${commandLine}`,
      hint: 'write it into the configuration file',
    }
  }
  const lowering: Lowering = {
    report: createReport(),
    directory: '',
    findings: [],
    used: new Set(),
  }
  const view = new BlockView(parsed.directives, [], lowering.used)
  const daemon = lowerDaemon(view, lowering)
  const found = lowering.report.diagnostics()
  return problemOf(found) ?? { daemon, warnings: [...parsed.warnings, ...found] }
}

function problemOf(
  diagnostics: readonly Diagnostic[],
): { readonly problem: string; readonly hint?: string } | undefined {
  const first = diagnostics.find(({ severity }) => severity === 'error')
  if (first === undefined) return undefined
  const { message, hint } = first
  return { problem: `${message} in ${commandLine}`, ...(hint === undefined ? {} : { hint }) }
}
