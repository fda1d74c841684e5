// From an accepted socket to a session or a refusal: one synchronous step.

import { Socket } from 'node:net'
import type { Admit, Asking } from '../engine/verdict.ts'
import type { Listen } from '../policy/policy.ts'
import { awaitVerdict } from './await-verdict.ts'
import { attachClient, attachRaw } from './client.ts'
import { peerOf } from './flood-lane.ts'
import type { AcceptedHandle } from './flood-lane.ts'
import { afterAddress, awaitProxyHeader } from './proxy-in.ts'
import { turnAway } from './refuse-session.ts'
import { remoteOf } from './remote.ts'
import { ignoreError } from './session-socket.ts'
import { HandleSocket } from './handles/handle-socket.ts'
import { Session } from './session.ts'
import type { SessionHost } from './session.ts'
import { keepAliveDelayMs } from './upstream-pool.ts'

/** What the engine calls a client of a Unix socket; the kernel has no address for it. */
const unixPeer = { address: 'unix' }

/**
 * Asks the engine before a Socket is made. True: the client is done with, or has its session, and
 * no Socket. Otherwise the verdict waits in `host.foregone` for the Socket that is made next, in
 * the same turn.
 */
export function takeHandle(host: SessionHost, client: AcceptedHandle, listen: Listen): boolean {
  const { handles, refusals } = host
  const isServed = handles?.node.isHandle(client) === true
  if (!isServed && !refusals.isFlooded) return false
  const peer = listen.endpoint.kind === 'unix' ? unixPeer : peerOf(client)
  if (peer?.address === undefined) {
    client.close()
    return true
  }
  const verdict = host.engine.open({ listenId: listen.id, remote: peer.address })
  const { useTls } = verdict.plan.settings
  if (verdict.kind === 'refuse') {
    if (!useTls.value && refusals.refuseHandle(client, verdict.plan)) return true
  } else if (handles?.node.isHandle(client) === true && !useTls.value) {
    beginSession(host, HandleSocket.accepted(handles, client, peer), verdict)
    return true
  }
  host.foregone.put(verdict)
  return false
}

/** Asks the engine and goes the way it says. */
export function acceptSocket(host: SessionHost, socket: Socket, listen: Listen): void {
  const remote = remoteOf(socket, listen)
  if (remote === undefined) {
    socket.on('error', ignoreError)
    socket.destroy()
    return
  }
  const verdict = host.foregone.take() ?? host.engine.open({ listenId: listen.id, remote })
  if (verdict.kind === 'refuse') turnAway(host, socket, verdict.plan)
  else beginSession(host, socket, verdict)
}

function beginSession(
  host: SessionHost,
  socket: Socket | HandleSocket,
  verdict: Admit | Asking,
): void {
  const session = new Session(host, socket, verdict.session)
  attachRaw(session)
  attachClient(session, socket)
  // One without a Socket gets it when it has stayed a while (`keepSessionsAlive`).
  if (socket instanceof Socket) socket.setKeepAlive(true, keepAliveDelayMs)
  if (verdict.plan.settings.disableNagle.value) socket.setNoDelay(true)
  host.onSessionStarted(session)
  if (verdict.kind === 'asking') awaitVerdict(session, verdict, begin)
  else begin(session)
}

/** It is admitted. */
function begin(session: Session): void {
  session.logConnected()
  if (session.engineSession.isAwaitingAddress) awaitProxyHeader(session)
  else afterAddress(session, undefined)
}
