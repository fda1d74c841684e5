// Where an accepted socket comes from, in the words the engine takes.

import type { Listen } from '../policy/policy.ts'
import type { SessionSocket } from './session-socket.ts'

/**
 * Undefined when the client was gone before it was accepted: the kernel has no address for it then.
 */
export function remoteOf(
  socket: Pick<SessionSocket, 'remoteAddress'>,
  listen: Listen,
): string | undefined {
  return listen.endpoint.kind === 'unix' ? 'unix' : socket.remoteAddress
}
