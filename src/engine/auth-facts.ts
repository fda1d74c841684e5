// What an authentication told about a session, as far as limits may count by it.

import type { KeyHeader } from './key.ts'

export interface AuthFacts {
  /** It came through a Unix socket, and no PROXY header named an address. */
  readonly isUnix: boolean
  /** The login, or what the auth server put in its place; absent: nobody logged in. */
  readonly user?: string
  /** Headers of the auth server's answer; the caller bounds their size. */
  readonly authHeaders: readonly KeyHeader[]
}
