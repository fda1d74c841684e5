// Every directive of the nginx dialect, and the names that exist in other modules of nginx.

import type { Context, DirectiveSpec } from './directive-spec.ts'
import { authHttpDirectives } from './modules/auth-http.ts'
import { coreDirectives } from './modules/core.ts'
import { gateDirectives } from './modules/gate.ts'
import { limitConnDirectives } from './modules/limit-conn.ts'
import { mailCoreDirectives } from './modules/mail-core.ts'
import { otherDirectives } from './modules/other.ts'
import { posternDirectives } from './modules/postern.ts'
import { protocolDirectives } from './modules/protocols.ts'
import { proxySslDirectives } from './modules/proxy-ssl.ts'
import { proxyDirectives } from './modules/proxy.ts'
import { sslDirectives } from './modules/ssl.ts'

/** The rows, module by module. */
export const directiveTable: readonly DirectiveSpec[] = [
  ...coreDirectives,
  ...mailCoreDirectives,
  ...authHttpDirectives,
  ...proxyDirectives,
  ...sslDirectives,
  ...protocolDirectives,
  ...limitConnDirectives,
  ...posternDirectives,
  ...proxySslDirectives,
  ...gateDirectives,
]

const byName: ReadonlyMap<string, DirectiveSpec> = new Map(
  directiveTable.map((spec) => [spec.name, spec]),
)

/** The row of a name; names are compared with their case. */
export function specOf(name: string): DirectiveSpec | undefined {
  return byName.get(name)
}

/** Whether nginx knows the name, in any module and any block. */
export function isKnownName(name: string): boolean {
  return byName.has(name) || otherDirectives.has(name) || name === 'include'
}

/** Names that may stand in a block, for suggestions. */
export function namesIn(context: Context): readonly string[] {
  return directiveTable.filter((spec) => spec.contexts.includes(context)).map(({ name }) => name)
}
