// From an address of an upstream to a connection on which its dialogue can begin: connect, PROXY
// header, STARTTLS, TLS. The PROXY header comes first of all, in plain text.

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { assert } from '../base/assert.ts'
import { PosternError } from '../base/errors.ts'
import type { LoginAction, LoginActions, UpstreamLogin } from '../protocol/upstream/login.ts'
import { starttlsUpgrade } from '../protocol/upstream/starttls.ts'
import { errnoText } from './errno.ts'
import { HandleSocket } from './handles/handle-socket.ts'
import { serverNameOf } from './login/login-settings.ts'
import { proxyHeaderFor } from './proxy-out.ts'
import { ignoreError } from './session-socket.ts'
import type { SessionSocket } from './session-socket.ts'
import type { Session } from './session.ts'
import type { UpstreamTarget } from './upstream-pool.ts'
import { handshakeProblem, startUpstreamTls } from './upstream-tls.ts'
import type { UpstreamTlsProfile } from './upstream-tls.ts'

export interface DialHandlers {
  /**
   * The connection stands, inside TLS where the policy says so. It has no handlers now. `greeting`
   * is what the upstream said before STARTTLS: it will not greet again.
   */
  onReady(socket: SessionSocket, greeting: Buffer | undefined): void
  /** Nothing came of it; the connection is being closed. */
  onFailed(text: string, error?: Error): void
  /** The connection that did not come about, or was given up, is closed. */
  onClosed(): void
}

export interface DialOptions {
  readonly session: Session
  readonly target: UpstreamTarget
  readonly handlers: DialHandlers
}

/** Owns the handlers of the socket until it is ready; the socket itself is the session's. */
export class UpstreamDial {
  readonly #options: DialOptions
  #socket: SessionSocket
  /** What TLS is put over. */
  #raw: Socket | undefined
  #profile: UpstreamTlsProfile | undefined
  #starttls: UpstreamLogin | undefined
  #greeting: Buffer | undefined
  #isHandshaking = false
  #isOver = false
  readonly #sinceMs: number

  constructor(options: DialOptions) {
    const { session, target } = options
    this.#options = options
    this.#sinceMs = session.host.clock.monotonicMs()
    this.#socket = this.#connect()
    this.#socket.on('error', this.#onError)
    this.#socket.on('connect', this.#onConnect)
    this.#socket.on('close', this.#onClose)
    session.upstream = this.#socket
    session.upstreamTarget = target
  }

  /** The connection as it is now: what is written to it may be encrypted later. */
  get socket(): SessionSocket {
    return this.#socket
  }

  /** What it is doing, behind `while` in the log. */
  get action(): LoginAction {
    if (this.#isHandshaking) return 'SSL handshaking to upstream'
    return this.#starttls?.action ?? 'connecting to upstream'
  }

  /** Nothing more is made of it; only its close is still told. */
  abandon(): void {
    this.#isOver = true
  }

  readonly #onConnect = (): void => {
    const { session } = this.#options
    // It may have answered in the moment we gave it up; nothing is said on it then.
    if (this.#isOver || this.#socket.destroyed) return
    const header = proxyHeaderFor(session)
    if (header !== undefined) this.#socket.write(header)
    try {
      this.#profile = session.host.upstreamTls.profileOf(session.engineSession.plan)
    } catch (error) {
      if (!PosternError.is(error)) throw error
      this.#fail(`TLS to upstream is not usable: ${error.message}`)
      return
    }
    if (this.#profile === undefined) this.#ready()
    else if (this.#profile.isStarttls) this.#askForTls()
    else this.#beginTls(this.#profile)
  }

  /** Without a Socket where none is needed: TLS is put over a Socket, and a name is looked up by one. */
  #connect(): SessionSocket {
    const { session, target } = this.#options
    const { handles } = session.host
    const isPlain = session.engineSession.plan.settings.upstreamTls.value === 'off'
    if (handles !== undefined && isPlain && target.numeric !== undefined) {
      const socket = HandleSocket.connect(handles, target.numeric)
      socket.setNoDelay(true)
      return socket
    }
    this.#raw = connect({ ...target.options })
    return this.#raw
  }

  #askForTls(): void {
    const { session } = this.#options
    const ehloName = serverNameOf(session.engineSession.plan.settings)
    // A policy that would ask ECStream for it does not load.
    const service = session.service === 'ecstream' ? 'smtp' : session.service
    this.#starttls = starttlsUpgrade({ service, ehloName })
    this.#socket.on('data', this.#onPlainData)
    this.#socket.on('end', this.#onPlainEnd)
    this.#act(this.#starttls.start())
  }

  readonly #onPlainData = (chunk: Buffer): void => {
    if (this.#isOver || this.#starttls === undefined) return
    const { session } = this.#options
    session.touch()
    session.host.tally.countFromUpstream(chunk.length)
    this.#act(this.#starttls.fromUpstream(chunk))
  }

  readonly #onPlainEnd = (): void => {
    if (!this.#isOver && this.#starttls !== undefined) this.#act(this.#starttls.upstreamEnded())
  }

  #act({ toUpstream = [], toClient = [], done, failed }: LoginActions): void {
    for (const bytes of toUpstream) this.#socket.write(bytes)
    if (failed !== undefined) this.#fail(failed.reason)
    if (done === undefined || this.#profile === undefined) return
    // Somebody between us and the upstream put it there, to have it read as if from inside TLS.
    if (done.rest.length > 0) {
      this.#fail('upstream sent data behind its reply to STARTTLS')
      return
    }
    this.#greeting = Buffer.concat(toClient)
    this.#beginTls(this.#profile)
  }

  #beginTls(profile: UpstreamTlsProfile): void {
    const { session, target } = this.#options
    const raw = this.#raw
    assert(raw !== undefined, 'TLS needs a Socket')
    this.#isHandshaking = true
    this.#letGo()
    // What breaks below TLS shows in the TLS socket, and its close comes after the one below.
    raw.on('error', ignoreError)
    const secured: SessionSocket = startUpstreamTls(raw, profile, target)
    secured.on('error', this.#onError)
    secured.on('secureConnect', this.#onSecure)
    secured.on('close', this.#onClose)
    this.#socket = secured
    session.upstream = secured
  }

  readonly #onSecure = (): void => {
    if (!this.#isOver && !this.#socket.destroyed) this.#ready()
  }

  #ready(): void {
    this.#isOver = true
    this.#letGo()
    const { session } = this.#options
    session.touch()
    const tookMs = session.lastActivityMs - this.#sinceMs
    session.host.meters.upstreamConnect.observe(tookMs / 1000)
    this.#options.handlers.onReady(this.#socket, this.#greeting)
  }

  /** Leaves the socket to other handlers. */
  #letGo(): void {
    const socket = this.#socket
    socket.off('error', this.#onError)
    socket.off('connect', this.#onConnect)
    socket.off('data', this.#onPlainData)
    socket.off('end', this.#onPlainEnd)
    socket.off('secureConnect', this.#onSecure)
    socket.off('close', this.#onClose)
  }

  #fail(text: string, error?: Error): void {
    this.#isOver = true
    this.#socket.destroy()
    this.#options.handlers.onFailed(text, error)
  }

  readonly #onError = (error: Error): void => {
    if (!this.#isOver) this.#fail(this.#problemOf(error), error)
  }

  #problemOf(error: Error): string {
    if (this.#isHandshaking && this.#profile !== undefined) {
      const problem = handshakeProblem(error, this.#profile, this.#options.target)
      return `${problem} while SSL handshaking to upstream`
    }
    return this.#starttls === undefined
      ? `connect() failed (${errnoText(error)}) while connecting to upstream`
      : `recv() failed (${errnoText(error)}) while reading response from upstream`
  }

  readonly #onClose = (): void => {
    this.#options.handlers.onClosed()
  }
}
