// Where the admin API of a node is: `https://gate2.example:8025`, `127.0.0.1:8025`, `/run/admin.sock`.

import { isAbsolute } from 'node:path'
import { UsageError } from '../command.ts'

export type NodeAddress =
  { readonly kind: 'unix'; readonly path: string } | { readonly kind: 'url'; readonly url: URL }

export function parseNodeAddress(text: string): NodeAddress {
  if (isAbsolute(text)) return { kind: 'unix', path: text }
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined
  const isBare = url !== undefined && url.pathname === '/' && url.search === '' && url.hash === ''
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || !isBare) {
    throw new UsageError(
      `--node takes an address of an admin API, as in https://gate2.example:8025, not "${text}"`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(
      '--node takes no password: the token is in the file that --token-file names',
    )
  }
  return { kind: 'url', url }
}
