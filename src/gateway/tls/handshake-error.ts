// What the TLS library says of a failed handshake, as nginx logs it.

// 805CE84C6B7F0000:error:0A0000EB:SSL routines:tls_handle_alpn:no application protocol:...
const openSslError = /error:([0-9A-F]{8}):([^:]*):[^:]*:([^:]*)/

/** `SSL: error:0A0000EB:SSL routines::no application protocol`, or the message as it is. */
export function handshakeErrorText({ message }: Error): string {
  const [, code, library, reason] = openSslError.exec(message) ?? []
  if (code === undefined) return message
  return `SSL: error:${code}:${library ?? ''}::${reason?.trim() ?? ''}`
}
