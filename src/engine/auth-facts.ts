// What an authentication told about a session, as far as limits may count by it.

import type { KeyHeader } from './key.ts'

export interface AuthFacts {
  /** It came through a Unix socket, and no PROXY header named an address. */
  readonly isUnix: boolean
  /** The login, or what the auth server put in its place; absent: nobody logged in. */
  readonly user?: string | Uint8Array
  /** Headers of the auth server's answer; the caller bounds their size. */
  readonly authHeaders: readonly KeyHeader[]
}

/** The login as words, for logs and events; what is not UTF-8 in it is shown as such. */
export function loginOf(facts: AuthFacts | undefined): string | undefined {
  const user = facts?.user
  if (user === undefined || typeof user === 'string') return user
  return new TextDecoder().decode(user)
}
