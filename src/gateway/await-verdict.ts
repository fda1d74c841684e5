// A client whose limits count over several nodes: it waits, unread, while the store is asked.

import type { Asking } from '../engine/verdict.ts'
import { useSocket } from './client.ts'
import { turnAway } from './refuse-session.ts'
import type { Session } from './session.ts'

/**
 * Goes on with `admitted` once the store said yes. `early`, what the client has sent already, is
 * given back to its socket when it said no: whoever refuses it reads it.
 *
 * The engine bounds the wait, whatever the store does; the idle limit holds meanwhile as ever.
 */
export function awaitVerdict(
  session: Session,
  asking: Asking,
  admitted: (session: Session) => void,
  early?: Buffer,
): void {
  session.enter('admitting')
  const wait = async (): Promise<void> => {
    const verdict = await asking.settled
    // It was closed meanwhile, or is being closed: its end gives back what was granted.
    if (verdict === undefined || session.state !== 'admitting') return
    if (verdict.kind === 'admit') {
      session.touch()
      admitted(session)
      return
    }
    const socket = useSocket(session)
    session.handOver()
    if (socket === undefined) return
    if (early !== undefined && early.length > 0) socket.unshift(early)
    turnAway(session.host, socket, verdict.plan)
  }
  // Nothing to catch: the verdict never rejects, and a defect ends the process as anywhere.
  void wait()
}
