// Walks the syntax tree against the directive table, in the order in which nginx reads it.

import type { Span } from '../../base/diagnostic.ts'
import { coverSecrets } from '../../base/secrets.ts'
import { suggest } from '../../base/suggest.ts'
import type { Finding } from '../report.ts'
import { serverFindings } from './check-servers.ts'
import type { CheckedDirective } from './checked.ts'
import type { NginxCode } from './codes.ts'
import type { Context, DirectiveSpec, Problem, ReadState } from './directive-spec.ts'
import { namesIn, specOf } from './directive-table.ts'
import { misplacedProblem } from './misplaced.ts'
import { missingEndHint, splitAtLine, startsLine } from './missing-end.ts'
import type { Report } from './report.ts'
import type { Directive, Statement } from './syntax.ts'
import { ZoneTable } from './zone-table.ts'

/** What one block has seen so far. */
interface BlockState {
  readonly context: Context
  readonly seen: Set<string>
  /** Words of the list directives, by directive. */
  readonly words: Map<string, Set<string>>
  readonly limitedZones: Set<string>
}

export interface Checked {
  /** The directives that are right, in their order. */
  readonly directives: readonly CheckedDirective[]
  /** What nginx prints after `[emerg]` for the first error: the text and, if it has one, the place. */
  readonly emerg?: string
}

/**
 * Checks a whole configuration; `globals` are the checked directives of `-g`, which stand before
 * its first line.
 */
export function checkTree(
  statements: readonly Statement[],
  report: Report,
  globals: readonly CheckedDirective[] = [],
): Checked {
  const checker = new Checker(report)
  const directives = checker.whole(statements, globals)
  return { directives, ...(checker.emerg === undefined ? {} : { emerg: checker.emerg }) }
}

/** Checks the directives of `-g`. */
export function checkGlobals(
  statements: readonly Statement[],
  report: Report,
): readonly CheckedDirective[] {
  return new Checker(report).block(statements, 'main')
}

class Checker {
  readonly #report: Report
  readonly #zones = new ZoneTable()
  readonly #endpoints = new Map<string, Span>()
  #emerg: string | undefined
  /** A zone whose declaration is wrong is not missing as well. */
  #hasBadZone = false

  constructor(report: Report) {
    this.#report = report
  }

  /** nginx's own words for the first error, with their place. */
  get emerg(): string | undefined {
    return this.#emerg
  }

  whole(
    statements: readonly Statement[],
    globals: readonly CheckedDirective[],
  ): readonly CheckedDirective[] {
    const names = globals.map(({ spec }) => spec.name)
    const own = this.block(statements, 'main', new Set(names))
    const directives = [...globals, ...own]
    // An `events` that is there with a mistake in its head is not missing as well, and a file that
    // could not be read has nothing missing.
    const isUnread = statements[0]?.kind === 'mistake' && statements[0].span === undefined
    if (!isUnread && !hasDirective(statements, 'events')) {
      const message = 'no "events" section in configuration'
      this.#error({ code: 'nginx.no_events', message, hint: 'write events { }' })
    }
    if (!this.#hasBadZone) this.#reportUndeclaredZones()
    return directives
  }

  /** `end`: where nginx would have noticed; absent: at the finding itself. */
  #error(finding: Finding<NginxCode>, end: Span | undefined = finding.span): void {
    const place = end === undefined ? '' : ` in ${end.file}:${end.line}`
    this.#emerg ??= `${coverSecrets(finding.message)}${place}`
    this.#report.error(finding)
  }

  #reportUndeclaredZones(): void {
    const declared = this.#zones.declared()
    for (const { name, span } of this.#zones.undeclared()) {
      const close = suggest(name, declared)
      this.#error({
        code: 'nginx.zone_unknown',
        message: `zero size shared memory zone "${name}"`,
        span,
        hint:
          close === undefined
            ? `declare it: limit_conn_zone $remote_user zone=${name}:1m;`
            : `did you mean "${close}"?`,
      })
    }
  }

  block(
    statements: readonly Statement[],
    context: Context,
    seen: Set<string> = new Set(),
  ): readonly CheckedDirective[] {
    const state: BlockState = { context, seen, words: new Map(), limitedZones: new Set() }
    const checked: CheckedDirective[] = []
    for (const statement of statements) {
      if (this.#report.isFull) break
      if (statement.kind === 'mistake') this.#error(statement)
      else this.#directive(statement, state, checked)
    }
    return checked
  }

  #directive(directive: Directive, state: BlockState, into: CheckedDirective[]): void {
    const { name } = directive
    const spec = specOf(name.text)
    if (spec === undefined || !spec.contexts.includes(state.context)) {
      this.#misplaced(directive, spec, state)
      return
    }
    const isBlock = spec.block !== undefined
    if (!isBlock && directive.body !== undefined) {
      const message = `directive "${name.text}" is not terminated by ";"`
      const hint = missingEndHint(directive)
      this.#error({ code: 'nginx.not_terminated', message, span: directive.end, hint })
      this.#afterMissingEnd(directive, state, into)
    } else if (isBlock && directive.body === undefined) {
      const message = `directive "${name.text}" has no opening "{"`
      this.#error({ code: 'nginx.no_block', message, span: name.span }, directive.end)
    } else if (directive.args.length < spec.argsMin || directive.args.length > spec.argsMax) {
      this.#wrongCount(directive, spec)
      this.#hasBadZone ||= name.text === 'limit_conn_zone'
      this.#afterMissingEnd(directive, state, into)
    } else {
      this.#arguments(directive, spec, { state, into })
    }
  }

  #misplaced(directive: Directive, spec: DirectiveSpec | undefined, state: BlockState): void {
    const problem = misplacedProblem(directive, spec, state.context)
    this.#error(placed(problem, directive), directive.end)
    const { body = [] } = directive
    const block = spec === undefined ? this.#blockMeant(directive, state) : spec.block
    if (block === undefined || block === 'skipped') this.#mistakesIn(body)
    else this.block(body, block)
  }

  /** What stands in a block whose name is nearly a known one is judged as if it were that one. */
  #blockMeant({ name, body }: Directive, { context }: BlockState): DirectiveSpec['block'] {
    if (body === undefined || this.#report.isFull) return undefined
    const meant = suggest(name.text, namesIn(context))
    return meant === undefined ? undefined : specOf(meant)?.block
  }

  /** Structure is nginx's business everywhere, also in blocks that are not looked at. */
  #mistakesIn(statements: readonly Statement[]): void {
    for (const statement of statements) {
      if (statement.kind === 'mistake') this.#error(statement)
      else this.#mistakesIn(statement.body ?? [])
    }
  }

  #wrongCount(directive: Directive, { type }: DirectiveSpec): void {
    const { name } = directive
    const hint = missingEndHint(directive) ?? `write ${`${name.text} ${type.syntax}`.trim()}`
    const message = `invalid number of arguments in "${name.text}" directive`
    const finding = { code: 'nginx.argument_count', message, span: name.span, hint } as const
    this.#error(finding, directive.end)
  }

  /** What a directive without `;` swallowed is checked as if the `;` were there. */
  #afterMissingEnd(directive: Directive, state: BlockState, into: CheckedDirective[]): void {
    const parts = splitAtLine(directive)
    if (parts === undefined) {
      this.#mistakesIn(directive.body ?? [])
      return
    }
    const [first, second] = parts
    const spec = specOf(first.name.text)
    const count = first.args.length
    if (spec !== undefined && count >= spec.argsMin && count <= spec.argsMax) {
      this.#arguments(first, spec, { state, into })
    }
    this.#directive(second, state, into)
  }

  #arguments(
    directive: Directive,
    spec: DirectiveSpec,
    place: { readonly state: BlockState; readonly into: CheckedDirective[] },
  ): void {
    const { state, into } = place
    const { name, body = [] } = directive
    if (spec.duplicate === 'error' && state.seen.has(name.text)) {
      const message = `"${name.text}" directive is duplicate`
      this.#error({ code: 'nginx.duplicate', message, span: name.span }, directive.end)
      if (spec.block === 'skipped') this.#mistakesIn(body)
      else if (spec.block !== undefined) this.block(body, spec.block)
      return
    }
    state.seen.add(name.text)
    const result = spec.type.read(directive, this.#readState(name.text, state))
    if ('problem' in result) {
      this.#error(placed(result.problem, directive), directive.end)
      this.#hasBadZone ||= name.text === 'limit_conn_zone'
    } else {
      for (const warning of result.warnings ?? []) this.#report.warn(placed(warning, directive))
      this.#warnSwallowed(directive)
    }
    this.#answer(directive, spec)
    const checked = this.#body(directive, spec)
    if (!('problem' in result)) {
      const { args, end } = directive
      into.push({ spec, name, args, value: result.value, body: checked, end })
    }
  }

  #readState(name: string, state: BlockState): ReadState {
    const earlierWords = state.words.get(name) ?? new Set()
    state.words.set(name, earlierWords)
    const { limitedZones } = state
    return { zones: this.#zones, endpoints: this.#endpoints, earlierWords, limitedZones }
  }

  /** A directive with any number of arguments takes the next line in, too; nginx says nothing. */
  #warnSwallowed(directive: Directive): void {
    for (const [index, word] of directive.args.entries()) {
      if (!startsLine(directive, index)) continue
      this.#report.warn({
        code: 'nginx.missing_semicolon',
        message: `"${word.text}" is read as an argument of "${directive.name.text}"`,
        span: word.span,
        hint: 'end the line before with ";" if it is a directive',
      })
    }
  }

  /** Says what Postern does not do about a directive. */
  #answer({ name, args, end }: Directive, spec: DirectiveSpec): void {
    if (spec.block === 'skipped') {
      const message = `Postern does not read the "${name.text}" block: ${spec.about}`
      this.#report.warn({ code: 'nginx.skipped_block', message, span: name.span })
      return
    }
    const doesAgree = args[0]?.text.toLowerCase() === spec.agreesWith
    if (spec.status === 'works' || doesAgree) return
    if (spec.status === 'later') {
      const finding: Finding<NginxCode> = {
        code: 'nginx.not_in_this_version',
        message: `"${name.text}" is not in this version of Postern`,
        span: name.span,
        hint: 'remove it: nothing would act on it or enforce it',
      }
      this.#error(finding, end)
      return
    }
    const message = `Postern does not act on "${name.text}": ${spec.about}`
    this.#report.warn({ code: 'nginx.ignored_directive', message, span: name.span })
  }

  #body(directive: Directive, spec: DirectiveSpec): readonly CheckedDirective[] {
    const { body = [] } = directive
    if (spec.block === undefined) return []
    if (spec.block === 'skipped') {
      this.#mistakesIn(body)
      return []
    }
    const checked = this.block(body, spec.block)
    if (spec.block === 'server' && !hasDirective(body, 'listen')) {
      const message = 'no "listen" is defined for server'
      this.#error({ code: 'nginx.no_listen', message, span: directive.end })
    }
    // What crosses directives is judged only when all of them are right, as in nginx: a server
    // whose auth_http is mistyped should not be told that it has none.
    if (spec.block === 'mail' && !this.#report.hasErrors) {
      for (const finding of serverFindings(checked)) this.#error(finding)
    }
    return checked
  }
}

function hasDirective(statements: readonly Statement[], name: string): boolean {
  return statements.some((found) => found.kind === 'directive' && found.name.text === name)
}

function placed(problem: Problem, directive: Directive): Problem & { readonly span: Span } {
  return { ...problem, span: (problem.word ?? directive.name).span }
}
