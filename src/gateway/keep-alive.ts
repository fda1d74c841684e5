// TCP keepalive for sessions without Sockets: set when they have stayed a while, since it takes eight
// system calls for both connections, and most sessions are over before the first probe would go out.

import { HandleSocket } from './handles/handle-socket.ts'
import type { Session } from './session.ts'
import { keepAliveDelayMs } from './upstream-pool.ts'

/** Call now and then, often enough that a few seconds do not matter beside the probe's delay. */
export function keepSessionsAlive(sessions: Iterable<Session>): void {
  for (const { raw, upstream } of sessions) {
    if (raw instanceof HandleSocket) raw.keepAlive(keepAliveDelayMs)
    if (upstream instanceof HandleSocket) upstream.keepAlive(keepAliveDelayMs)
  }
}
