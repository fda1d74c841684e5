// The handlers of a client's socket, shared by all sessions.

import { Socket } from 'node:net'
import { leaveUpstream } from './closing.ts'
import { errnoText } from './errno.ts'
import { HandleSocket } from './handles/handle-socket.ts'
import { clientEnded, resumeUpstream } from './relay.ts'
import { sessionKey } from './session-socket.ts'
import type { SessionSocket } from './session-socket.ts'
import type { Session } from './session.ts'
import { handshakeErrorText } from './tls/handshake-error.ts'
import { keepAliveDelayMs } from './upstream-pool.ts'

/** Waits for the end of the accepted socket itself, under whatever speaks over it. */
export function attachRaw(session: Session): void {
  session.raw.on('close', onRawClose)
}

/**
 * The accepted socket as TLS wants it: a Socket from now on, paused and with nobody listening but
 * to its errors and its close. Undefined: it is closing.
 */
export function useSocket(session: Session): Socket | undefined {
  const { raw } = session
  detachClient(raw)
  if (raw instanceof Socket) return raw
  if (!(raw instanceof HandleSocket) || raw.destroyed) return undefined
  const socket: Socket & SessionSocket = raw.toSocket()
  socket.on('error', onClientError)
  socket.setKeepAlive(true, keepAliveDelayMs)
  session.raw[sessionKey] = undefined
  socket[sessionKey] = session
  session.raw = socket
  session.client = socket
  attachRaw(session)
  return socket
}

/** Takes what is read from a socket into the session. It stays paused until somebody resumes it. */
export function attachClient(session: Session, socket: SessionSocket): void {
  socket.on('error', onClientError)
  socket[sessionKey] = session
  session.client = socket
  socket.pause()
  socket.on('data', onClientData)
  socket.on('drain', onClientDrain)
  socket.on('end', onClientEnd)
}

/** Stops that; failures stay handled. */
export function detachClient(socket: SessionSocket): void {
  socket.pause()
  socket.off('data', onClientData)
  socket.off('drain', onClientDrain)
  socket.off('end', onClientEnd)
}

function onClientError(this: SessionSocket, error: Error): void {
  const session = this[sessionKey]
  // Below TLS it is the TLS socket that says what happened.
  if (session === undefined || session.client !== this) return
  switch (session.state) {
    case 'relaying':
      session.write(
        'info',
        `recv() failed (${errnoText(error)}) while proxying and reading from client`,
        session.upstreamTarget?.text,
      )
      return
    case 'tls_handshake':
      session.write(
        'info',
        `SSL_do_handshake() failed (${handshakeErrorText(error)}) while ${session.handshakeAction}`,
      )
      return
    case 'admitting':
    case 'proxy_header':
    case 'resolving':
    case 'login':
    case 'authenticating':
    case 'logging_in':
    case 'connecting':
      session.write('info', `client closed connection (${errnoText(error)}) ${whileText(session)}`)
      return
    default:
      // A client that is being closed may break as it likes.
      return
  }
}

function onClientData(this: SessionSocket, chunk: Buffer): void {
  const session = this[sessionKey]
  if (session === undefined) return
  session.touch()
  session.host.tally.countFromClient(chunk.length)
  session.receive?.(session, chunk)
}

function onClientDrain(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session === undefined) return
  // The client took something: that is activity, though nothing was read.
  session.touch()
  resumeUpstream(session)
}

function onClientEnd(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session === undefined) return
  if (session.state === 'relaying') {
    clientEnded(session)
    return
  }
  // A client that hangs up before there is a relay wants nothing any more (SEMANTICS S23).
  if (session.setup !== undefined) {
    session.write('info', `client closed connection ${whileText(session)}`)
    this.destroy()
  }
}

function onRawClose(this: SessionSocket): void {
  const session = this[sessionKey]
  if (session === undefined) return
  this[sessionKey] = undefined
  session.onClientClosed()
  leaveUpstream(session)
}

function whileText(session: Session): string {
  if (session.state === 'admitting') return 'while asking the store'
  if (session.state === 'proxy_header') return 'while reading PROXY protocol'
  if (session.state === 'tls_handshake') return `while ${session.handshakeAction}`
  return `while ${session.setup?.login?.action ?? 'connecting to upstream'}`
}
