// One option statement: is the name known, may it stand here, and what does its value mean.

import type { ScopeDraft } from './draft.ts'
import type { DaemonDraft, OptionSpec, WorkingOption } from './option-spec.ts'
import { optionSpec, optionTable } from './option-table.ts'
import { listed, quoted } from './report.ts'
import type { Report } from './report.ts'
import { scopeKindOf, scopeNames, scopeTitles } from './scope-table.ts'
import type { ScopeKind } from './scope-table.ts'
import { foldName } from './syntax.ts'
import type { OptionStatement, Word } from './syntax.ts'
import { didYouMean } from './values.ts'

/** What lowering carries along. */
export interface Lowering {
  readonly report: Report
  readonly daemon: DaemonDraft
  /** Which listener owns an endpoint: a socket has one owner. */
  readonly listenOwners: Map<string, ScopeDraft>
}

/** Puts an option's value into its scope, or reports why not. */
export function lowerOption(
  statement: OptionStatement,
  scope: ScopeDraft,
  lowering: Lowering,
): void {
  const { report, daemon } = lowering
  const spec = optionSpec(statement.name.text)
  if (spec === undefined) {
    unknownOption(statement, scope.kind, report)
    return
  }
  if (spec.status === 'later') {
    notInThisVersion(statement.name, spec.name, report)
    return
  }
  if (!spec.scopes.includes(scope.kind)) {
    wrongScope(statement.name, { spec, kind: scope.kind, report })
    return
  }
  if (spec.status === 'warns') {
    report.warn({
      code: 'momentum.ignored_option',
      message: `Postern does not act on ${spec.name}: ${spec.reason}`,
      span: statement.name.span,
    })
    return
  }
  remarkOn(spec, { statement, scope, report })
  const { kind, options, binding, zone, limit, cluster } = scope
  spec.lower(statement, { kind, options, binding, zone, limit, cluster, daemon }, report)
}

/** An option or scope that only a later version has; loading it would promise what is not kept. */
export function notInThisVersion(name: Word, title: string, report: Report): void {
  report.error({
    code: 'momentum.not_in_this_version',
    message: `${title} is not in this version of Postern`,
    span: name.span,
    hint: 'remove it: nothing would act on it or enforce it',
  })
}

function wrongScope(
  name: Word,
  { spec, kind, report }: { spec: OptionSpec; kind: ScopeKind; report: Report },
): void {
  const refusal = spec.status === 'works' ? spec.refusal : undefined
  const because = refusal?.scope === kind ? `: ${refusal.reason}` : ''
  report.error({
    code: 'momentum.wrong_scope',
    message: `${spec.name} is not valid in ${scopeTitles[kind]}${because}`,
    span: name.span,
    hint: `it is valid in ${listed(spec.scopes.map((valid) => scopeTitles[valid]))}`,
  })
}

function remarkOn(
  spec: WorkingOption,
  place: { statement: OptionStatement; scope: ScopeDraft; report: Report },
): void {
  const { scope, report } = place
  const { span } = place.statement.name
  const { remark, services } = spec
  if (remark?.scopes.includes(scope.kind)) {
    const finding = { code: remark.code, message: `${spec.name} ${remark.message}`, span }
    if (remark.severity === 'warning') report.warn(finding)
    else report.note(finding)
  }
  if (services === undefined || scope.service === undefined) return
  if (services.includes(scope.service)) return
  report.warn({
    code: 'momentum.no_effect',
    message: `${spec.name} has no effect here: this listener speaks ${scope.service}`,
    span,
  })
}

function unknownOption(statement: OptionStatement, kind: ScopeKind, report: Report): void {
  const { text, span } = statement.name
  const folded = foldName(text)
  const isScope = scopeKindOf(text) !== undefined || scopeNames.some((n) => foldName(n) === folded)
  if (isScope) {
    report.error({
      code: 'momentum.not_an_option',
      message: `${text} is a scope, not an option`,
      span,
      hint: `write ${text} { ... } or ${text} "name" { ... }`,
    })
    return
  }
  report.error({
    code: 'momentum.unknown_option',
    message: `unknown option ${quoted(text)}`,
    span,
    hint: report.isFull ? undefined : didYouMean(text, candidates(kind)),
  })
}

/** Options that are valid here come first: of equally close ones the first is suggested. */
function candidates(kind: ScopeKind): string[] {
  const here = optionTable.filter((spec) => spec.scopes.includes(kind))
  const elsewhere = optionTable.filter((spec) => !spec.scopes.includes(kind))
  return [...here, ...elsewhere].map((spec) => spec.name)
}
