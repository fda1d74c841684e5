// The log's words about an auth server, as nginx writes them.

import { escapeText } from '../../base/escape.ts'

/** No address and no port is longer; nginx would print a kilobyte. */
const shownMaxLength = 255
/** The longest text of a failure that is shown: an SMTP reply line of RFC 5321. */
const failureMaxLength = 512

/** What can be wrong with an answer. */
export type AuthFault =
  | 'timed out (110: Connection timed out)'
  | 'sent invalid response'
  | 'sent invalid header in response'
  | 'sent too big header in response'
  | 'prematurely closed connection'
  | 'did not send server or port'
  | 'did not send password'

/** Level `error`; the caller adds ` while in http auth state`. */
export function authServerFault(serverName: string, fault: AuthFault): string {
  return `auth http server ${serverName} ${fault}`
}

/** Level `error`. `what` was neither an address nor a port. */
export function authServerSentInvalid(
  serverName: string,
  what: 'address' | 'port',
  value: Uint8Array,
): string {
  const shown = escapeText(value, shownMaxLength)
  return `auth http server ${serverName} sent invalid server ${what}:"${shown}"`
}

/** Level `info`: what the client was told. */
export function loginFailed(text: string): string {
  return `client login failed: "${escapeText(text, failureMaxLength)}"`
}
