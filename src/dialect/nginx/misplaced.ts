// What is said about a directive that is unknown, or known and in the wrong block.

import { suggest } from '../../base/suggest.ts'
import { listed } from '../report.ts'
import type { Context, DirectiveSpec, Problem } from './directive-spec.ts'
import { directiveTable, isKnownName, namesIn } from './directive-table.ts'
import type { Directive } from './syntax.ts'

/** nginx's words, with what was probably meant. `spec` is undefined for other modules' names. */
export function misplacedProblem(
  { name }: Directive,
  spec: DirectiveSpec | undefined,
  context: Context,
): Problem {
  if (!isKnownName(name.text)) {
    const close = closeName(name.text, context)
    const hint = close === undefined ? undefined : `did you mean "${close}"?`
    return { code: 'nginx.unknown_directive', message: `unknown directive "${name.text}"`, hint }
  }
  const message = `"${name.text}" directive is not allowed here`
  const code = 'nginx.not_allowed_here'
  if (name.text === 'include') return { code, message, hint: 'write it in the file itself' }
  const where = spec === undefined ? 'blocks of http or stream' : listed(spec.contexts)
  return { code, message, hint: `it may stand in ${where}` }
}

/** What may stand here comes first: "time" in a server is "timeout", not "timer_resolution". */
function closeName(name: string, context: Context): string | undefined {
  const everywhere = directiveTable.map((spec) => spec.name)
  return suggest(name, namesIn(context)) ?? suggest(name, everywhere)
}
