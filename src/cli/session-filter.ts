// Which sessions are meant: `bob`, `10.0.0.0/8` or `*123`, as `kick` and `top` take it.

import { parseBlock } from '../base/address.ts'
import type { SessionFilter } from '../daemon/control-protocol.ts'

export type Who =
  | { readonly kind: 'ids'; readonly ids: readonly number[] }
  | { readonly kind: 'filter'; readonly filter: SessionFilter }

/**
 * A number with or without the log's star is a session, what reads as an address or a block is one,
 * and anything else is a user.
 *
 * @example
 * parseWho('10.0.0.0/8') // { kind: 'filter', filter: { from: '10.0.0.0/8' } }
 */
export function parseWho(text: string): Who {
  const digits = /^\*?(\d{1,15})$/.exec(text)?.[1]
  if (digits !== undefined) return { kind: 'ids', ids: [Number(digits)] }
  if (parseBlock(text) !== undefined) return { kind: 'filter', filter: { from: text } }
  return { kind: 'filter', filter: { user: text } }
}

/** What a filter says, for people: `user bob from 10.0.0.0/8`. */
export function filterText({ user, from, limitId, olderMs }: SessionFilter): string {
  return [
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(limitId === undefined ? [] : [`under ${limitId}`]),
    ...(olderMs === undefined ? [] : [`open for ${olderMs / 1000} s or more`]),
  ].join(', ')
}
