// One client's session: its two sockets, its state, its one deadline, and the one place where it
// ends.
//
//   proxy_header ─▶ tls_handshake ─▶ connecting ─▶ relaying ─▶ lingering | leaving ─▶ closed
//                        ├▶ resolving ─▶ connecting | login
//                        ╰▶ login ⇄ authenticating ─▶ logging_in ─▶ relaying
//
// What happens in a state is in the file named after it; this one keeps what must never break: the
// slot goes back once, when both sockets are closed (SEMANTICS S1, S2).

import type { Address } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Log, LogLevelName } from '../base/log.ts'
import type { ProxyHeader, ProxyHeaderParser } from '../base/proxy-header.ts'
import type { Tally } from '../base/tally.ts'
import { Deadline } from '../base/timer-wheel.ts'
import type { TimerWheel, Waiting } from '../base/timer-wheel.ts'
import { loginOf } from '../engine/auth-facts.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineSession } from '../engine/session.ts'
import type { Plan } from '../policy/plan.ts'
import type { ServiceName } from '../policy/policy.ts'
import type { ClientName } from '../protocol/smtp/client-name.ts'
import type { SmtpWatch } from '../protocol/smtp/watch.ts'
import { expire } from './expire.ts'
import type { ForegoneVerdict } from './foregone.ts'
import type { HandleKit } from './handles/handle-kit.ts'
import { idleMsOf } from './idle.ts'
import type { GatewayMeters } from './meters.ts'
import type { ClientNames } from './names/client-names.ts'
import type { Pace } from './pace.ts'
import type { Refusals } from './refuse.ts'
import { sessionKey } from './session-socket.ts'
import type { SessionSocket } from './session-socket.ts'
import type { TlsRefusals } from './tls-refuse.ts'
import type { AuthServers } from './login/auth-servers.ts'
import type { PasswordChecks } from './passwords/password-checks.ts'
import type { TlsContexts } from './tls/tls-contexts.ts'
import type { TlsProfile } from './tls/tls-profile.ts'
import type { UsersTables } from './users.ts'
import type { UpstreamDial } from './upstream-dial.ts'
import type { UpstreamTls } from './upstream-tls.ts'
import type { UpstreamPools, UpstreamTarget } from './upstream-pool.ts'

export type SessionState =
  /** The store of limits over several nodes is asked about it. */
  | 'admitting'
  /** Waiting for the PROXY header. */
  | 'proxy_header'
  | 'tls_handshake'
  /** Its client's name is looked up before it is greeted. */
  | 'resolving'
  /** The client is talking to us: greeting, commands, credentials. */
  | 'login'
  /** The auth server is asked about its credentials, or has us wait. */
  | 'authenticating'
  /** Its upstream is known, and being logged in to. */
  | 'logging_in'
  /** No upstream yet; what the client sends is kept. */
  | 'connecting'
  | 'relaying'
  /** Nothing more will be sent to the client: it may still close by itself. */
  | 'lingering'
  /** The client is gone; the upstream may still close by itself. */
  | 'leaving'
  | 'closed'

/** What all sessions of a gateway share. */
export interface SessionHost {
  readonly engine: Engine
  readonly log: Log
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly refusals: Refusals
  readonly tlsRefusals: TlsRefusals
  readonly upstreams: UpstreamPools
  readonly passwordChecks: PasswordChecks
  /** Replaced by a reload. */
  authServers: AuthServers
  readonly names: ClientNames
  readonly foregone: ForegoneVerdict
  /** Absent: this Node has no handles as expected, and all is done with Sockets. */
  readonly handles: HandleKit | undefined
  /** Replaced by a reload; a session takes from it once. */
  tls: TlsContexts
  /** Replaced by a reload, too: who logs in after it is looked for in the new ones. */
  users: UsersTables
  upstreamTls: UpstreamTls
  readonly watchedPlans: WeakMap<Plan, boolean>
  readonly tally: Tally
  readonly meters: GatewayMeters
  onSessionStarted(session: Session): void
  onSessionEnded(session: Session): void
  onOutOfDescriptors(error: Error): void
}

/** A login in progress, or what comes before it, as the rest of the gateway sees it. */
export interface LoginStage {
  /** What it is doing, behind `while` in the log. */
  readonly action: string
  /** Who the client says it is, or the auth server says. */
  readonly user: string | undefined
  /** The time limit of its state has passed. */
  onTimeout(): void
  /** There is no more use for it: lets go of all that it holds outside the session's sockets. */
  close(): void
}

/** What a session needs between its accept and its relay; dropped when the relay begins. */
export interface Setup {
  /** When the first upstream was tried. */
  connectingSinceMs: number
  parser?: ProxyHeaderParser
  /** What the TLS handshake was begun with, and where it leads. */
  tls?: { readonly profile: TlsProfile; readonly onSecured: (session: Session) => void }
  /** The client logs in here, before its upstream is known. */
  login?: LoginStage | undefined
  /** Where somebody is told, and names are looked up. */
  clientName?: ClientName
  /** The way to the upstream that is tried now. */
  dial?: UpstreamDial
  /** Upstream addresses still to be tried, in order. */
  candidates: readonly UpstreamTarget[]
  attemptCount: number
  /** What the client sent before there was an upstream. */
  readonly kept: Buffer[]
  keptBytes: number
}

const forever = Number.POSITIVE_INFINITY

// A client we do not read from, because its upstream takes nothing, is not seen leaving: Node does
// not watch a paused socket. So it is asked once a second whether it still stands (SEMANTICS S23).
const probeMs = 1000
const nothing = new Uint8Array(0)

// A client that closed in good order cannot be asked: its close stands behind what it sent. So with
// each question a little more is read, which for most clients is all there is. Two chunks of a
// socket are what a stalled session may cost beside the one it was stopped for.
const readAheadMax = 131_072

// One that sent more than that is not seen leaving. Ten minutes without a byte either way are the
// longest timeout of RFC 5321 (section 4.5.3.2.6), so such an upstream is lost for the client.
const stalledMs = 600_000

export class Session implements Waiting {
  readonly host: SessionHost
  readonly engineSession: EngineSession
  /** The accepted socket; its `close` is the client's end. */
  raw: SessionSocket
  /** What is read from and written to: the accepted socket, or TLS over it. */
  client: SessionSocket
  upstream: SessionSocket | undefined = undefined
  upstreamTarget: UpstreamTarget | undefined = undefined
  state: SessionState
  setup: Setup | undefined
  watch: SmtpWatch | undefined = undefined
  /** The rate its client is sent to at, where one is set. */
  pace: Pace | undefined = undefined
  /** The PROXY header that named another address than the socket's. */
  header: ProxyHeader | undefined = undefined
  /** What is done with the client's bytes in this state; absent: they are dropped. */
  receive: ((session: Session, chunk: Buffer) => void) | undefined = undefined
  lastActivityMs: number
  /** The watch asked for no more from the client for now. */
  isClientHeld = false
  isClientGone = false
  /** It went into TLS by STARTTLS, or is about to. */
  usesStarttls = false
  #wasRelayed = false
  readonly #deadline: Deadline
  /** Limits of the state, beside the idle limit. */
  #silenceMs = forever
  #untilMs = forever

  constructor(host: SessionHost, raw: SessionSocket, engineSession: EngineSession) {
    const nowMs = host.clock.monotonicMs()
    this.host = host
    this.engineSession = engineSession
    this.raw = raw
    this.client = raw
    this.state = engineSession.isAwaitingAddress ? 'proxy_header' : 'connecting'
    this.setup = {
      connectingSinceMs: nowMs,
      candidates: [],
      attemptCount: 0,
      kept: [],
      keptBytes: 0,
    }
    this.lastActivityMs = nowMs
    this.#deadline = new Deadline(this)
    this.raw[sessionKey] = this
  }

  get service(): ServiceName {
    return this.engineSession.plan.listener.service
  }

  /** The address it counts under. */
  get address(): Address {
    return this.engineSession.address
  }

  /** The client, as nginx's log shows it: an address without a port. */
  get clientText(): string {
    const hasPort = (this.header?.source?.port ?? this.raw.remotePort) !== undefined
    return hasPort ? this.address.text : 'unix:'
  }

  /** Who logged in, or is about to. */
  get login(): string | undefined {
    return loginOf(this.engineSession.facts) ?? this.setup?.login?.user
  }

  touch(): void {
    this.lastActivityMs = this.host.clock.monotonicMs()
  }

  /** Changes the state and with it the limits: of silence, and of the whole stay. */
  enter(state: SessionState, limits: { silenceMs?: number; untilMs?: number } = {}): void {
    this.state = state
    if (state === 'relaying') this.#wasRelayed = true
    this.#silenceMs = limits.silenceMs ?? forever
    this.#untilMs = limits.untilMs ?? forever
    this.arm()
  }

  /** Sets the deadline anew; after a reload, too, since the idle limit may have changed. */
  arm(): void {
    const probeAtMs = this.#isStalled ? this.host.clock.monotonicMs() + probeMs : forever
    const dueMs = Math.min(this.#dueMs(), probeAtMs)
    if (dueMs === forever) this.host.wheel.cancel(this.#deadline)
    else this.host.wheel.schedule(this.#deadline, dueMs)
  }

  /** The client is no longer read from: from now on it is asked whether it still stands. */
  noteStalled(): void {
    const { isScheduled, dueMs } = this.#deadline
    const probeAtMs = this.host.clock.monotonicMs() + probeMs
    if (!isScheduled || dueMs > probeAtMs) this.arm()
  }

  onDue(nowMs: number): void {
    if (this.#dueMs() > nowMs) {
      this.#probe()
      this.arm()
    } else expire(this, { isIdle: nowMs >= this.lastActivityMs + this.#idleMs() })
  }

  /** The accepted socket is closed. */
  onClientClosed(): void {
    this.isClientGone = true
    this.#endIfClosed()
  }

  /** The upstream connection, whether it ever stood or not, is closed. */
  onUpstreamClosed(): void {
    this.upstream = undefined
    this.#endIfClosed()
  }

  /** Takes the session out without closing its socket: a refusal has it now, and holds no slot. */
  handOver(): void {
    this.raw[sessionKey] = undefined
    this.#finish()
  }

  /** What was needed to come to this point is needed no more. */
  dropSetup(): void {
    this.setup?.login?.close()
    this.setup = undefined
  }

  /** Nothing more is sent to the client. */
  dropPace(): void {
    this.pace?.drop()
    this.pace = undefined
  }

  write(level: LogLevelName, text: string, upstream?: string): void {
    if (!this.host.log.isEnabled(level, this.engineSession.listenId)) return
    const { login } = this
    this.host.log.write(level, {
      text,
      sessionId: this.engineSession.id,
      client: this.clientText,
      ...(this.usesStarttls ? { usesStarttls: true } : {}),
      server: this.engineSession.listenId,
      ...(login === undefined ? {} : { login }),
      ...(upstream === undefined ? {} : { upstream }),
    })
  }

  /** What it is doing in a handshake, behind `while` in the log. */
  get handshakeAction(): string {
    return this.usesStarttls ? 'in starttls state' : 'SSL handshaking'
  }

  /** The first line of every session, the only one that has the client's port. */
  logConnected(): void {
    if (!this.host.log.isEnabled('info', this.engineSession.listenId)) return
    const { engineSession, raw } = this
    const { family, text } = this.address
    const host = family === 6 ? `[${text}]` : text
    const remote = raw.remotePort === undefined ? 'unix:' : `${host}:${raw.remotePort}`
    const { id, listenId } = engineSession
    this.host.log.write('info', {
      text: `client ${remote} connected to ${listenId}`,
      sessionId: id,
      listen: listenId,
      fields: { remote, listen: listenId },
    })
  }

  /** The one place where a session ends and its slots go back (SEMANTICS S2). */
  #endIfClosed(): void {
    if (!this.isClientGone || this.upstream !== undefined || this.state === 'closed') return
    const text = this.#wasRelayed ? 'proxied session done' : 'session closed'
    this.write('info', text, this.upstreamTarget?.text)
    this.#finish()
    this.host.engine.close(this.engineSession)
  }

  #finish(): void {
    this.state = 'closed'
    this.receive = undefined
    this.dropSetup()
    this.watch = undefined
    this.dropPace()
    this.host.wheel.cancel(this.#deadline)
    this.host.onSessionEnded(this)
  }

  #idleMs(): number {
    // The two last states have their own, shorter bounds.
    if (this.state === 'lingering' || this.state === 'leaving') return forever
    return idleMsOf(this.engineSession.plan)
  }

  get #isStalled(): boolean {
    const { state } = this
    const isRead =
      state === 'relaying' ||
      state === 'admitting' ||
      state === 'resolving' ||
      state === 'connecting' ||
      state === 'authenticating' ||
      state === 'logging_in'
    return isRead && this.client.isPaused()
  }

  /** Writing nothing sends nothing, and fails on a connection that was reset. */
  #probe(): void {
    if (!this.#isStalled) return
    if (this.client.writableLength === 0) this.client.write(nothing)
    if (this.state !== 'relaying' || this.isClientHeld) return
    if ((this.upstream?.writableLength ?? readAheadMax) < readAheadMax) this.client.resume()
  }

  #dueMs(): number {
    const silenceMs = Math.min(
      this.#silenceMs,
      this.#idleMs(),
      this.#isStalled ? stalledMs : forever,
    )
    return Math.min(this.#untilMs, this.lastActivityMs + silenceMs)
  }
}
