// From an admitted client to a mail server that answers: one address after the other, then the
// relay.

import { upstreamDown } from '../protocol/refusal.ts'
import { sayGoodbye } from './closing.ts'
import { errnoText, isOutOfDescriptors } from './errno.ts'
import { relayFromUpstream, resumeClient, startRelay, upstreamEnded } from './relay.ts'
import { sessionKey } from './session-socket.ts'
import type { SessionSocket } from './session-socket.ts'
import type { Session } from './session.ts'
import { UpstreamDial } from './upstream-dial.ts'
import type { DialHandlers } from './upstream-dial.ts'
import { noteUpstreamAnswer, noteUpstreamFailure } from './upstream-health.ts'

// An answer that takes longer than 10 s is not a mail server in working order: three SYNs are lost
// by then. 30 s in all is three such addresses, well inside the minutes SMTP clients wait.
export const attemptMs = 10_000
export const attemptsTotalMs = 30_000

// What a client may say before it hears anything: more than a pipelined message head, and less than
// one of Node's own read buffers would hold anyway. Beyond it the client waits.
const keptBytesMax = 65_536

/** Looks for an upstream. `early` is what the client has already sent. */
export function beginUpstream(session: Session, early: Buffer | undefined): void {
  const { setup, host } = session
  if (setup === undefined) return
  const list = session.engineSession.plan.settings.upstream?.value ?? []
  setup.connectingSinceMs = host.clock.monotonicMs()
  if (list.length === 0) session.write('error', 'no upstream is configured')
  setup.candidates = host.upstreams.poolOf(list).order(setup.connectingSinceMs)
  session.receive = keepForUpstream
  session.client.resume()
  if (early !== undefined && early.length > 0) keepForUpstream(session, early)
  tryNext(session)
}

/** Keeps what the client says while there is nobody to tell it. */
function keepForUpstream(session: Session, chunk: Buffer): void {
  const { setup } = session
  if (setup === undefined) return
  setup.kept.push(chunk)
  setup.keptBytes += chunk.length
  if (setup.keptBytes < keptBytesMax) return
  session.client.pause()
  session.noteStalled()
}

/** The address tried now took too long. */
export function failAttempt(session: Session): void {
  const { upstreamTarget, upstream, setup } = session
  const action = setup?.dial?.action ?? 'connecting to upstream'
  const text = `upstream timed out (110: Connection timed out) while ${action}`
  session.write('error', text, upstreamTarget?.text)
  noteFailure(session)
  setup?.dial?.abandon()
  // Its `close` tries the next one: never two connections for one session.
  upstream?.destroy()
}

function tryNext(session: Session): void {
  const { setup, host } = session
  if (setup === undefined || session.client.destroyed) return
  const nowMs = host.clock.monotonicMs()
  const target = setup.candidates[setup.attemptCount]
  const untilMs = setup.connectingSinceMs + attemptsTotalMs
  if (target === undefined || nowMs >= untilMs) {
    session.write('error', 'no live upstreams while connecting to upstream')
    sayGoodbye(session, upstreamDown(session.service))
    return
  }
  setup.attemptCount += 1
  setup.dial = new UpstreamDial({ session, target, handlers: dialHandlersOf(session) })
  session.enter('connecting', { untilMs: Math.min(nowMs + attemptMs, untilMs) })
}

function dialHandlersOf(session: Session): DialHandlers {
  return {
    onReady: (socket, greeting) => onUpstreamReady(session, socket, greeting),
    onFailed(text, error) {
      session.write('error', text, session.upstreamTarget?.text)
      if (error !== undefined && isOutOfDescriptors(error)) session.host.onOutOfDescriptors(error)
      else noteFailure(session)
    },
    onClosed() {
      session.onUpstreamClosed()
      if (session.state === 'connecting') tryNext(session)
    },
  }
}

function onUpstreamReady(
  session: Session,
  socket: SessionSocket,
  greeting: Buffer | undefined,
): void {
  adoptUpstream(session, socket)
  if (session.state !== 'connecting') {
    // It answered in the moment we gave it up; nothing has been said on it.
    socket.destroy()
    return
  }
  if (session.upstreamTarget !== undefined) noteUpstreamAnswer(session, session.upstreamTarget)
  startRelay(session)
  if (greeting !== undefined) relayFromUpstream(session, greeting)
}

/** Takes over a connection on which the client has been logged in, for the relay. */
export function adoptUpstream(session: Session, socket: SessionSocket): void {
  socket.on('error', onUpstreamError)
  attachUpstream(session, socket)
}

function attachUpstream(session: Session, socket: SessionSocket): void {
  socket[sessionKey] = session
  session.upstream = socket
  socket.on('data', onUpstreamData)
  socket.on('drain', onUpstreamDrain)
  socket.on('end', onUpstreamEnd)
  socket.on('close', onUpstreamClose)
  socket.resume()
}

function onUpstreamData(this: SessionSocket, chunk: Buffer): void {
  const session = this[sessionKey]
  if (session === undefined) return
  session.touch()
  session.host.tally.countFromUpstream(chunk.length)
  relayFromUpstream(session, chunk)
}

function onUpstreamDrain(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session === undefined) return
  // The upstream took something: that is activity, though nothing was read.
  session.touch()
  resumeClient(session)
}

function onUpstreamEnd(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session?.state === 'relaying') upstreamEnded(session)
}

function onUpstreamError(this: SessionSocket, error: Error): void {
  const session = this[sessionKey]
  if (session === undefined) return
  if (session.state !== 'relaying') return
  const text = `recv() failed (${errnoText(error)}) while proxying and reading from upstream`
  session.write('info', text, session.upstreamTarget?.text)
}

function onUpstreamClose(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session === undefined) return
  // The sockets of a session may outlive it in the hands of callbacks; the session should not.
  this[sessionKey] = undefined
  session.onUpstreamClosed()
  if (session.state === 'relaying') upstreamEnded(session)
  // Nobody will drain any more what the client was stopped for.
  else if (session.state === 'lingering') session.client.resume()
}

function noteFailure(session: Session): void {
  const { upstreamTarget } = session
  if (upstreamTarget !== undefined) noteUpstreamFailure(session, upstreamTarget)
}
