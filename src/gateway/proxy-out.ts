// The PROXY header we send to an upstream: who the client is and whom it wanted.

import { parseAddress } from '../base/address.ts'
import { unreachable } from '../base/assert.ts'
import { buildProxyV1, buildProxyV2, buildProxyV2Local } from '../base/proxy-header.ts'
import type { Session } from './session.ts'

interface Ends {
  readonly source: { readonly address: string; readonly port: number }
  readonly destination: { readonly address: string; readonly port: number }
}

const unknownV1 = Buffer.from('PROXY UNKNOWN\r\n')

/** The header for this session's upstream; undefined when it gets none. */
export function proxyHeaderFor(session: Session): Buffer | undefined {
  const version = session.engineSession.plan.settings.upstreamProxyProtocol.value
  if (version === 'off') return undefined
  const ends = endsOf(session)
  switch (version) {
    case 'v1':
      return ends === undefined ? unknownV1 : buildProxyV1(ends.source, ends.destination)
    case 'v2':
      return ends === undefined ? buildProxyV2Local() : buildProxyV2(ends.source, ends.destination)
    default:
      return unreachable(version)
  }
}

/**
 * Both ends as the header in front of us named them, or as the socket has them; a Unix client has
 * none.
 */
function endsOf(session: Session): Ends | undefined {
  const { header, raw } = session
  if (header?.source !== undefined && header.destination !== undefined) {
    return { source: header.source, destination: header.destination }
  }
  const { localAddress, localPort, remotePort } = raw
  if (localAddress === undefined || localPort === undefined || remotePort === undefined) {
    return undefined
  }
  // On a dual-stack Listen the kernel writes ::ffff:192.0.2.1; both ends are written as IPv4 then.
  const local = parseAddress(localAddress)
  if (local === undefined) return undefined
  return {
    source: { address: session.address.text, port: remotePort },
    destination: { address: local.text, port: localPort },
  }
}
