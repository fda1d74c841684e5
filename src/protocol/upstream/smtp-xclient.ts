// XCLIENT as nginx's mail proxy says it: with the login and the client's name.

import { type ClientIdentity, xtext } from '../smtp/xclient.ts'

/** What looking up the client's name gave. A name comes from DNS and is never trusted. */
export type ClientName =
  | { readonly kind: 'known'; readonly name: string }
  | { readonly kind: 'unavailable' | 'temporarily_unavailable' }

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
const temporarilyUnavailable = '[TEMPUNAVAIL]'
// RFC 1035 has 253; the value is encoded, so it may not grow without a bound either.
const nameMaxLength = 255

/** The client's name as XCLIENT and `Client-Host` say it; the caller still has to encode it. */
export function clientNameText(name: ClientName): string {
  switch (name.kind) {
    case 'known':
      // A record in DNS may be the literal text that means "unknown", or too long to be a name.
      return name.name === '' || name.name.startsWith('[') || name.name.length > nameMaxLength
        ? unavailable
        : name.name
    case 'temporarily_unavailable':
      return temporarilyUnavailable
    case 'unavailable':
      return unavailable
  }
}

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
