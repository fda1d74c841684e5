// Who is asked for the names of clients (freenginx `resolver`).

import { parseAddress, parseDecimal } from '../base/address.ts'
import { isHostName } from '../base/host-name.ts'

/** One name server. */
export interface NameServer {
  /** An address, or a name that is looked up when the policy is taken. */
  readonly host: string
  readonly port: number
  /** As it was written. */
  readonly text: string
}

const defaultPort = 53
const portMax = 65_535

/** `address`, `address:port`, `[address6]:port` or a host name; what is wrong if it is none. */
export function parseNameServer(text: string): NameServer | 'no host' | 'no port' {
  // nginx wants brackets around an IPv6 address; without a port it can be nothing else.
  if (isIpv6(text)) return { host: text, port: defaultPort, text }
  const [, bracketed, plain = '', portText] =
    /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text) ?? []
  const host = bracketed ?? plain
  const isHost =
    bracketed === undefined
      ? parseAddress(host) !== undefined || isHostName(host)
      : isIpv6(bracketed)
  if (!isHost) return 'no host'
  const port = portText === undefined ? defaultPort : parseDecimal(portText, portMax)
  return port === undefined || port === 0 ? 'no port' : { host, port, text }
}

/** Whether it has to be looked up before it can be asked. */
export function isNamed({ host }: NameServer): boolean {
  return parseAddress(host) === undefined
}

function isIpv6(text: string): boolean {
  return text.includes(':') && parseAddress(text) !== undefined
}
