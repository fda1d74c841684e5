// The relay: copies both ways, never faster than the slower side reads, and closes half by half.

import { SmtpWatch } from '../protocol/smtp/watch.ts'
import type { WatchActions, WatchNote } from '../protocol/smtp/watch-actions.ts'
import { needsWatch } from '../protocol/smtp/watch-rules.ts'
import { lingerClient } from './closing.ts'
import { HandleSocket } from './handles/handle-socket.ts'
import { isFull, Pace, rateOf } from './pace.ts'
import type { SessionSocket } from './session-socket.ts'
import type { Session } from './session.ts'

// A client that has said its last word waits for the rest of the answer; an upstream that is silent
// for 30 s after that has nothing more to say (nginx's lingering_time).
const halfClosedSilenceMs = 30_000

/** The upstream answers: passes on what was kept, and from now on everything. */
export function startRelay(session: Session): void {
  beginRelay(session, {})
  startWatch(session)
  useBuffers(session)
  passKept(session)
}

/** The client is logged in at its upstream; a watch would wait for a greeting that is long past. */
export function relayLoggedIn(session: Session, limits: { readonly silenceMs?: number }): void {
  beginRelay(session, limits)
  useBuffers(session)
  passKept(session)
}

function beginRelay(session: Session, limits: { readonly silenceMs?: number }): void {
  session.touch()
  session.enter('relaying', limits)
  session.receive = relayFromClient
  // A reload concerns the sessions after it.
  const rate = rateOf(session.engineSession.plan.settings)
  if (rate !== undefined) session.pace = new Pace(session, rate)
}

/** Where every chunk is passed on or dropped at once, chunks need no memory of their own. */
function useBuffers({ client, upstream, watch, pace }: Session): void {
  if (watch !== undefined || pace !== undefined) return
  if (!(client instanceof HandleSocket) || !(upstream instanceof HandleSocket)) return
  client.useBuffers()
  upstream.useBuffers()
}

function passKept(session: Session): void {
  const kept = session.setup?.kept ?? []
  session.dropSetup()
  for (const chunk of kept) relayFromClient(session, chunk)
  if (session.upstream !== undefined && !isFull(session.upstream)) resumeClient(session)
}

/**
 * The client has closed its half: so does our half of the upstream, and the rest of the answer
 * comes.
 */
export function clientEnded(session: Session): void {
  session.touch()
  session.enter('relaying', { silenceMs: halfClosedSilenceMs })
  if (session.watch === undefined) session.upstream?.end()
  else apply(session, session.watch.clientEnded())
}

/** The upstream is gone in the middle of it; what it said last still goes out. */
export function upstreamEnded(session: Session): void {
  if (session.watch !== undefined) apply(session, session.watch.upstreamEnded())
  if (session.state === 'relaying') endClient(session)
}

/** Ends the client's connection behind the last byte for it. */
function endClient(session: Session): void {
  if (session.pace === undefined) lingerClient(session)
  else session.pace.end()
}

/** The client has room again. */
export function resumeUpstream(session: Session): void {
  if (session.pace?.isHolding === true) session.pace.run()
  else session.upstream?.resume()
}

/** The upstream has room again, or is gone and there is nobody left to wait for. */
export function resumeClient(session: Session): void {
  if (!session.isClientHeld) session.client.resume()
}

export function relayFromUpstream(session: Session, chunk: Buffer): void {
  const { upstream, watch } = session
  // After our last byte to the client, nothing more is passed on.
  if (session.state !== 'relaying' || upstream === undefined) return
  if (watch === undefined) passToClient(session, upstream, chunk)
  else apply(session, watch.fromUpstream(chunk))
}

function relayFromClient(session: Session, chunk: Buffer): void {
  const { upstream, watch } = session
  if (upstream === undefined) return
  if (watch === undefined) pass(session.client, upstream, chunk)
  else apply(session, watch.fromClient(chunk))
  if (session.client.isPaused()) session.noteStalled()
}

/**
 * Writes, and stops reading while what was written waits in our memory. What the kernel took at
 * once does not count: `write` says "full" of any chunk above its mark, even of one that has left
 * already, and pausing for those would cost two calls a chunk. What is below the mark does not
 * count either: no 'drain' would follow it.
 */
function pass(from: SessionSocket, to: SessionSocket, chunk: Buffer): void {
  if (!to.writable) return
  if (!to.write(chunk) && to.writableLength > 0) from.pause()
}

function passToClient(session: Session, upstream: SessionSocket, chunk: Buffer): void {
  if (session.pace === undefined) pass(upstream, session.client, chunk)
  else session.pace.send(chunk)
}

function startWatch(session: Session): void {
  const { plan, address } = session.engineSession
  if (session.service !== 'smtp' || !isWatched(session)) return
  const port = session.header?.source?.port ?? session.raw.remotePort
  const name = session.setup?.clientName
  session.watch = new SmtpWatch({
    settings: plan.settings,
    client: {
      address,
      ...(port === undefined ? {} : { port }),
      ...(name === undefined ? {} : { name }),
    },
    ehloName: ehloNameOf(session),
  })
  apply(session, session.watch.start())
}

function isWatched(session: Session): boolean {
  const { host, engineSession } = session
  // Plans are made once per Listen and Peer block, so the question is answered once for each.
  let isNeeded = host.watchedPlans.get(engineSession.plan)
  if (isNeeded === undefined) {
    isNeeded = needsWatch(engineSession.plan.settings)
    host.watchedPlans.set(engineSession.plan, isNeeded)
  }
  return isNeeded
}

/** Our own end of the upstream connection, as RFC 5321 writes an address for a name. */
function ehloNameOf(session: Session): string {
  const local = session.upstream?.localAddress
  if (local === undefined) return 'localhost'
  return local.includes(':') ? `[IPv6:${local}]` : `[${local}]`
}

/** Does what the watch asks, in the order it promises. */
function apply(session: Session, actions: WatchActions): void {
  const { upstream, client } = session
  if (upstream === undefined) return
  for (const bytes of actions.toClient ?? []) passToClient(session, upstream, bytes)
  for (const bytes of actions.toUpstream ?? []) pass(client, upstream, bytes)
  holdClient(session, actions.pauseClient === true)
  if (actions.endUpstream === true) upstream.end()
  if (actions.transparent === true) {
    session.watch = undefined
    useBuffers(session)
  }
  if (actions.note !== undefined) logNote(session, actions.note)
  if (actions.close === undefined) return
  logNote(session, actions.close)
  session.watch = undefined
  session.receive = undefined
  upstream.end()
  upstream.resume()
  endClient(session)
}

function holdClient(session: Session, isHeld: boolean): void {
  if (isHeld) {
    session.isClientHeld = true
    session.client.pause()
  } else if (session.isClientHeld) {
    session.isClientHeld = false
    if (session.upstream !== undefined && !isFull(session.upstream)) session.client.resume()
  }
}

function logNote(session: Session, note: WatchNote<string>): void {
  session.write(note.level, note.reason, session.upstreamTarget?.text)
}
