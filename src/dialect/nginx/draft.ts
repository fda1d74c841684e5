// Options on their way into a policy, and what lowering a directive may use.

import type { Diagnostic, Sourced, Span } from '../../base/diagnostic.ts'
import type { OptionName, OptionValues } from '../../policy/options.ts'
import type { MailProtocol } from './protocol.ts'
import type { CheckedDirective } from './checked.ts'
import type { Report } from './report.ts'

/** The options of one scope, being filled. */
export type OptionsDraft = { -readonly [K in OptionName]?: Sourced<OptionValues[K]> }

/** What the lowering of a whole text shares. */
export interface Lowering {
  readonly report: Report
  /** Where the main file stands: nginx resolves the paths of certificates and keys against it. */
  readonly directory: string
  /** Findings of the policy's own parsers. */
  readonly findings: Diagnostic[]
  /** Directives that something went by. */
  readonly used: Set<CheckedDirective>
}

/**
 * `relay`: every byte goes to the upstream of `proxy_pass`. In all others clients log in here: in
 * `login` an auth server decides and names the upstream, in `users` a file of users, in `upstream`
 * the upstream itself.
 */
export type ServerMode = 'relay' | 'login' | 'users' | 'upstream'

/** What is known of a server before its options are read. */
export interface ServerKind {
  readonly mode: ServerMode
  readonly service: MailProtocol
  /** A listen of it wants a PROXY header. */
  readonly hasProxyProtocol: boolean
  /** A listen of it is encrypted, or STARTTLS is offered. */
  readonly hasTls: boolean
}

/** The whole directive, up to its last argument on the line of its name. */
export function spanOf({ name, args }: CheckedDirective): Span {
  const last = args.findLast((word) => word.span.line === name.span.line)
  const end = last?.span.endColumn ?? name.span.endColumn
  return { ...name.span, ...(end === undefined ? {} : { endColumn: end }) }
}

/** Puts a value where it belongs. */
export function put<K extends OptionName>(
  draft: OptionsDraft,
  option: K,
  value: OptionValues[K],
  span: Span,
): void {
  // The parameters say that this option has this type; an assignment by a variable name cannot.
  Object.assign(draft, { [option]: { value, span } })
}
