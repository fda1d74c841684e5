// From an accepted socket to a session or a refusal: one synchronous step.

import type { Socket } from 'node:net'
import type { Listen } from '../policy/policy.ts'
import { connectRefusal } from '../protocol/refusal.ts'
import { attachClient, attachRaw } from './client.ts'
import { peerOf } from './flood-lane.ts'
import type { AcceptedHandle } from './flood-lane.ts'
import { afterAddress, awaitProxyHeader } from './proxy-in.ts'
import { turnAway } from './refuse-session.ts'
import { remoteOf } from './remote.ts'
import { ignoreError } from './session-socket.ts'
import { Session } from './session.ts'
import type { SessionHost } from './session.ts'
import { keepAliveDelayMs } from './upstream-pool.ts'

/**
 * Under a flood, asks the engine before a Socket is made. True: refused and closed. Otherwise the
 * verdict waits in `host.foregone` for the Socket that is made next, in the same turn.
 */
export function refuseEarly(host: SessionHost, client: AcceptedHandle, listen: Listen): boolean {
  if (!host.refusals.isFlooded) return false
  const remote = listen.endpoint.kind === 'unix' ? 'unix' : peerOf(client)
  if (remote === undefined) {
    client.close()
    return true
  }
  const verdict = host.engine.open({ listenId: listen.id, remote })
  if (verdict.kind === 'refuse' && !verdict.plan.settings.useTls.value) {
    const reply = connectRefusal(verdict.plan.listener.service)
    if (host.refusals.refuseHandle(client, reply)) return true
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
  if (verdict.kind === 'refuse') {
    turnAway(host, socket, verdict.plan)
    return
  }
  const session = new Session(host, socket, verdict.session)
  session.logConnected()
  attachRaw(session)
  attachClient(session, socket)
  socket.setKeepAlive(true, keepAliveDelayMs)
  if (verdict.plan.settings.disableNagle.value) socket.setNoDelay(true)
  host.onSessionStarted(session)
  if (verdict.session.isAwaitingAddress) awaitProxyHeader(session)
  else afterAddress(session, undefined)
}
