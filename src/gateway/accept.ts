// From an accepted socket to a session or a refusal: one synchronous step.

import type { Socket } from 'node:net'
import type { Listen } from '../policy/policy.ts'
import { attachClient, attachRaw } from './client.ts'
import { afterAddress, awaitProxyHeader } from './proxy-in.ts'
import { turnAway } from './refuse-session.ts'
import { remoteOf } from './remote.ts'
import { ignoreError } from './session-socket.ts'
import { Session } from './session.ts'
import type { SessionHost } from './session.ts'
import { keepAliveDelayMs } from './upstream-pool.ts'

/** Asks the engine and goes the way it says. */
export function acceptSocket(host: SessionHost, socket: Socket, listen: Listen): void {
  const remote = remoteOf(socket, listen)
  if (remote === undefined) {
    socket.on('error', ignoreError)
    socket.destroy()
    return
  }
  const verdict = host.engine.open({ listenId: listen.id, remote })
  if (verdict.kind === 'refuse') {
    turnAway(host, socket, verdict.plan)
    return
  }
  const session = new Session(host, socket, verdict.session)
  attachRaw(session)
  attachClient(session, socket)
  socket.setKeepAlive(true, keepAliveDelayMs)
  if (verdict.plan.settings.disableNagle.value) socket.setNoDelay(true)
  host.onSessionStarted(session)
  if (verdict.session.isAwaitingAddress) awaitProxyHeader(session)
  else afterAddress(session, undefined)
}
