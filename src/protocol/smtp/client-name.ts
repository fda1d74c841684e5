// The name of a client, as an upstream or an auth server is told it.

/** What looking up the client's name gave. A name comes from DNS and is never trusted. */
export type ClientName =
  | { readonly kind: 'known'; readonly name: string }
  | { readonly kind: 'unavailable' | 'temporarily_unavailable' }

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
