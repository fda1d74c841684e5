// The ways a session ends: politely, at once, or after the client has gone. Each is bounded, and
// each only closes sockets; the slot goes back in session.ts when they are closed.

import { shutdownGoodbye } from '../protocol/refusal.ts'
import { lingerOf, longestLinger } from './linger.ts'
import type { Linger } from './linger.ts'
import { sessionKey } from './session-socket.ts'
import type { SessionSocket } from './session-socket.ts'
import type { Session } from './session.ts'

// A client that reads nothing keeps what is written to it in our memory; after the other side has
// finished it gets this long to make room.
const flushMs = 30_000

/** Sends a last line, if there is one, and closes; the upstream, if any, is dropped. */
export function sayGoodbye(session: Session, reply: Uint8Array | undefined): void {
  session.upstream?.destroy()
  if (reply === undefined || !session.client.writable) {
    session.client.destroy()
    return
  }
  session.receive = undefined
  session.client.write(reply)
  lingerClient(session)
}

/**
 * Ends our side of the client's connection and waits for its own end (SEMANTICS S2). The time of
 * silence begins when everything is written; until then a slow reader has its own bound.
 */
export function lingerClient(session: Session): void {
  if (session.client.destroyed || session.state === 'lingering') return
  session.dropSetup()
  session.client.end()
  session.client.resume()
  session.touch()
  const linger = lingerOf(session.engineSession.plan.settings)
  if (linger !== undefined && session.client.writableLength === 0) {
    boundLinger(session, linger)
    return
  }
  session.enter('lingering', { silenceMs: flushMs, untilMs: session.lastActivityMs + flushMs })
  if (linger === undefined) session.client.destroySoon()
  else session.client.once('finish', onFlushed)
}

/**
 * The client is gone: gives the upstream the chance to see it and to close first (SEMANTICS S1).
 */
export function leaveUpstream(session: Session): void {
  const { upstream } = session
  if (upstream === undefined) return
  // An upstream that has not taken the client yet has nothing to finish.
  if (session.state === 'connecting' || session.state === 'logging_in') {
    upstream.destroy()
    return
  }
  session.watch = undefined
  session.dropPace()
  session.touch()
  const { silenceMs, totalMs } = longestLinger
  session.enter('leaving', { silenceMs, untilMs: session.lastActivityMs + totalMs })
  upstream.end()
  upstream.resume()
}

/** Closes both sockets now. */
export function abort(session: Session): void {
  session.client.destroy()
  session.upstream?.destroy()
}

/** Ends a session because the gateway ends; a client not yet relayed is told so. */
export function shutDown(session: Session): void {
  const reply = isWaitedFor(session) ? shutdownGoodbye(session.service) : undefined
  if (reply === undefined || !session.client.writable) {
    abort(session)
    return
  }
  sayGoodbye(session, reply)
  session.client.destroySoon()
}

/** It is for us to say something to the client. */
function isWaitedFor({ state }: Session): boolean {
  switch (state) {
    case 'admitting':
    case 'connecting':
    case 'resolving':
    case 'login':
    case 'authenticating':
    case 'logging_in':
      return true
    default:
      return false
  }
}

function boundLinger(session: Session, { silenceMs, totalMs }: Linger): void {
  session.enter('lingering', { silenceMs, untilMs: session.lastActivityMs + totalMs })
}

function onFlushed(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session === undefined || session.state !== 'lingering') return
  session.touch()
  boundLinger(session, lingerOf(session.engineSession.plan.settings) ?? longestLinger)
}
