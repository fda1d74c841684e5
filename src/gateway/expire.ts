// What happens when a session's time is up, by state.

import { unreachable } from '../base/assert.ts'
import { idleGoodbye } from '../protocol/refusal.ts'
import { abort, sayGoodbye } from './closing.ts'
import type { Session } from './session.ts'
import { failAttempt } from './upstream.ts'

const timedOut = 'client timed out (110: Connection timed out)'
/** nginx's words for the end of proxy_timeout. */
const silent = 'upstream timed out (110: Connection timed out) while proxying'

/** Ends what has lasted too long. `isIdle`: the idle limit has passed (SEMANTICS S22). */
export function expire(session: Session, why: { readonly isIdle: boolean }): void {
  switch (session.state) {
    case 'proxy_header':
      session.write('info', 'client timed out while reading PROXY protocol')
      session.client.destroy()
      return
    case 'admitting':
      session.write('info', `${timedOut} while asking the store`)
      session.client.destroy()
      return
    case 'tls_handshake':
      session.write('info', `client timed out while ${session.handshakeAction}`)
      session.client.destroy()
      return
    case 'resolving':
    case 'login':
    case 'authenticating':
    case 'logging_in':
      expireLogin(session, why)
      return
    case 'connecting':
      if (why.isIdle) {
        session.write('info', `${timedOut} while connecting to upstream`)
        sayGoodbye(session, idleGoodbye(session.service))
      } else {
        failAttempt(session)
      }
      return
    case 'relaying':
      session.write('info', why.isIdle ? timedOut : silent, session.upstreamTarget?.text)
      // Just closed (SEMANTICS S22); the client's `close` lets the upstream go.
      session.client.destroy()
      return
    case 'lingering':
      abort(session)
      return
    case 'leaving':
      session.upstream?.destroy()
      return
    case 'closed':
      return
    default:
      unreachable(session.state)
  }
}

function expireLogin(session: Session, why: { readonly isIdle: boolean }): void {
  const login = session.setup?.login
  if (login === undefined) return
  if (!why.isIdle) {
    login.onTimeout()
    return
  }
  session.write('info', `${timedOut} while ${login.action}`)
  sayGoodbye(session, idleGoodbye(session.service))
}
