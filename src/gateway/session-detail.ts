// What the gateway knows of a session beyond the engine, for whoever looks at the open ones.

import { TLSSocket } from 'node:tls'
import type { SessionDetail } from './gateway.ts'
import type { Session } from './session.ts'

export function detailOf(session: Session): SessionDetail {
  const { client, state, login, upstreamTarget, host, lastActivityMs } = session
  return {
    state,
    ...(login === undefined ? {} : { login }),
    ...(upstreamTarget === undefined ? {} : { upstream: upstreamTarget.text }),
    isTls: client instanceof TLSSocket,
    bytesFromClient: client.bytesRead,
    bytesToClient: client.bytesWritten,
    silentMs: host.clock.monotonicMs() - lastActivityMs,
  }
}
