// Says one option in Momentum's language, and reads it back: what does not come back as it was is
// not said.

import type { Span } from '../../base/diagnostic.ts'
import type { OptionName, Options } from '../../policy/options.ts'
import type { NotSaid, TextNode } from '../written.ts'
import { globalDraft } from './draft.ts'
import { lowerOption } from './lower-option.ts'
import { optionTable } from './option-table.ts'
import { parse } from './parser.ts'
import { createReport } from './report.ts'
import type { ScopeKind } from './scope-table.ts'
import { momentumName, momentumWords, writtenOptions } from './write-options.ts'
import type { SaidOption } from './write-options.ts'

/** A scope that is being written. */
export interface ScopeWriter {
  readonly kind: ScopeKind
  /** For what cannot be said. */
  readonly label: string
  readonly notSaid: NotSaid[]
}

/** All options of a scope, in the order of the table. */
export function optionNodes(options: Options, scope: ScopeWriter): TextNode[] {
  return writtenOptions.flatMap((option) => optionNode(option, options, scope))
}

function optionNode(option: SaidOption, options: Options, scope: ScopeWriter): TextNode[] {
  const sourced = options[option]
  if (sourced === undefined) return []
  // The entry of an option says values of that option; the compiler cannot follow it that far.
  const words = momentumWords[option] as { readonly say: (value: unknown) => string | undefined }
  const said = words.say(sourced.value)
  const name = nameIn(option, sourced.value, scope.kind)
  if (said === undefined || name === undefined) {
    const where =
      name === undefined ? `has no ${momentumWords[option].name} there` : 'has no word for it'
    return missing(`${option} of ${scope.label}: Momentum's language ${where}`, sourced.span, scope)
  }
  const head = `${name} = ${said}`
  const problem = problemOf(head, option, { ...words, said, kind: scope.kind })
  if (problem === undefined) return [{ head }]
  return missing(`${name} of ${scope.label}: ${problem}`, sourced.span, scope)
}

function missing(reason: string, span: Span, { notSaid }: ScopeWriter): [] {
  notSaid.push({ reason, span })
  return []
}

/** The name of an option where it stands: XCLIENT is Upstream_XCLIENT in the global scope. */
function nameIn(option: SaidOption, value: unknown, kind: ScopeKind): string | undefined {
  const known = momentumName(option, value as never) // the value of that option
  const here = optionTable.find((spec) => spec.name === known)
  if (here?.scopes.includes(kind) === true) return known
  const row = optionTable.find(
    (spec) => spec.status === 'works' && spec.key === option && spec.scopes.includes(kind),
  )
  return row?.name
}

interface Meant {
  readonly say: (value: unknown) => string | undefined
  readonly said: string
  readonly kind: ScopeKind
}

/** Why a line would not mean the value; undefined: it does. */
function problemOf(text: string, option: OptionName, meant: Meant): string | undefined {
  const report = createReport()
  const [statement] = parse({ file: 'written', text }, report)
  if (statement === undefined || statement.kind === 'scope' || statement.kind === 'include') {
    return 'it cannot be written'
  }
  const scope = { ...globalDraft('written'), kind: meant.kind }
  lowerOption(statement, scope, { report, daemon: {}, listenOwners: new Map() })
  const error = report.diagnostics().find(({ severity }) => severity === 'error')
  if (error !== undefined) return error.message
  const read: unknown = scope.options[option]?.value
  return read !== undefined && meant.say(read) === meant.said ? undefined : 'it would not come back'
}
