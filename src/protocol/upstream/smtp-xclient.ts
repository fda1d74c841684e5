// XCLIENT as nginx's mail proxy says it: with the login and the client's name.

import { clientNameText } from '../smtp/client-name.ts'
import type { ClientName } from '../smtp/client-name.ts'
import { type ClientIdentity, xtext } from '../smtp/xclient.ts'

export interface XclientOptions {
  /**
   * `always`: nginx's `xclient on`, sent without looking at what is offered. `ifavailable` and
   * `required`: only to an upstream that offers it and takes an address.
   */
  readonly mode: 'always' | 'ifavailable' | 'required'
  readonly client: ClientIdentity
  readonly name: ClientName
}

/** What is known once the upstream has been asked. */
export interface XclientFacts {
  /** Who logged in; absent: not said. */
  readonly login?: Uint8Array | undefined
  /** The attributes of the upstream's XCLIENT line. */
  readonly offered?: readonly string[] | undefined
  /** The client said EHLO, not HELO. */
  readonly isEsmtp: boolean
}

const unavailable = '[UNAVAILABLE]'

/**
 * The command; undefined when `offered` lacks ADDR. nginx's three attributes in nginx's order, and PORT and PROTO where they are offered.
 */
export function proxyXclient(
  { mode, client, name }: XclientOptions,
  { login, offered, isEsmtp }: XclientFacts,
): Buffer | undefined {
  const isListed = (attribute: string): boolean => offered?.includes(attribute) === true
  if (mode !== 'always' && !isListed('ADDR')) return undefined
  const isSent = (attribute: string): boolean => mode === 'always' || isListed(attribute)
  const port = client.port === undefined ? unavailable : String(client.port)
  const words = [
    `ADDR=${addressText(client)}`,
    ...(login === undefined || !isSent('LOGIN') ? [] : [`LOGIN=${xtext(login)}`]),
    ...(isSent('NAME') ? [`NAME=${xtext(clientNameText(name))}`] : []),
    ...(isListed('PORT') ? [`PORT=${port}`] : []),
    ...(isListed('PROTO') ? [`PROTO=${isEsmtp ? 'ESMTP' : 'SMTP'}`] : []),
  ]
  return Buffer.from(`XCLIENT ${words.join(' ')}\r\n`)
}

/** nginx would say `unix:` here, which no upstream can parse. */
function addressText({ address }: ClientIdentity): string {
  if (address === undefined) return unavailable
  return address.family === 6 ? `IPV6:${address.text}` : address.text
}
