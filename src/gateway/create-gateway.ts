// The gateway as a whole: start, reload, drain, close, and the table of open sessions.

import type { Socket } from 'node:net'
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { PosternError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Tally } from '../base/tally.ts'
import { Deadline, TimerWheel } from '../base/timer-wheel.ts'
import type { Engine } from '../engine/engine.ts'
import type { Plan } from '../policy/plan.ts'
import type { Listen, Policy, ServiceName } from '../policy/policy.ts'
import { acceptSocket, takeHandle } from './accept.ts'
import { abort, shutDown } from './closing.ts'
import { DescriptorWatch } from './descriptors.ts'
import { errnoText, isOutOfDescriptors } from './errno.ts'
import type { AcceptedHandle } from './flood-lane.ts'
import { ForegoneVerdict } from './foregone.ts'
import type {
  Gateway,
  GatewayOptions,
  GatewayStats,
  GatewayTeam,
  ServiceCounts,
  SessionDetail,
  UpstreamHealth,
} from './gateway.ts'
import { createHandleKit } from './handles/handle-kit.ts'
import type { HandleKit } from './handles/handle-kit.ts'
import { keepSessionsAlive } from './keep-alive.ts'
import { ListenSet } from './listen-set.ts'
import { GatewayMeters } from './meters.ts'
import type { MeterValues } from './meters.ts'
import { PasswordChecks } from './passwords/password-checks.ts'
import { AuthServers, loadAuthServers } from './login/auth-servers.ts'
import { Refusals } from './refuse.ts'
import { detailOf } from './session-detail.ts'
import { ClientNames } from './names/client-names.ts'
import { findNameServers } from './names/name-servers.ts'
import type { Session, SessionHost } from './session.ts'
import { TlsRefusals } from './tls-refuse.ts'
import { loadTls, TlsContexts } from './tls/tls-contexts.ts'
import { loadUpstreamTls, UpstreamTls } from './upstream-tls.ts'
import { UpstreamPools } from './upstream-pool.ts'
import { loadUsers } from './users.ts'
import type { UsersTables } from './users.ts'

const silentLog: Log = { write: () => {}, isEnabled: () => false }

// Often enough that a wrong count is seen within an operator's patience, seldom enough that walking
// ten thousand sessions does not show.
const auditMs = 10_000

// A session that logs in after the cutoff is relayed for less than this: nobody will notice.
const cutoffEveryMs = 250

/**
 * Makes the data plane of an engine. Nothing is bound before `start`.
 *
 * @example
 * const gateway = createGateway({ engine, log, prefix: process.cwd() })
 * await gateway.start()
 */
export function createGateway(options: GatewayOptions): Gateway {
  return new SocketGateway(options)
}

class SocketGateway implements Gateway, SessionHost {
  readonly engine: Engine
  readonly log: Log
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly refusals: Refusals
  readonly tlsRefusals: TlsRefusals
  readonly upstreams: UpstreamPools
  readonly passwordChecks = new PasswordChecks()
  readonly names: ClientNames
  readonly foregone: ForegoneVerdict
  readonly handles: HandleKit | undefined
  readonly watchedPlans = new WeakMap<Plan, boolean>()
  tls: TlsContexts
  users: UsersTables = new Map()
  authServers: AuthServers
  upstreamTls: UpstreamTls
  readonly tally: Tally
  readonly meters: GatewayMeters
  readonly #prefix: string
  readonly #team: GatewayTeam | undefined
  readonly #listens: ListenSet
  readonly #sessions = new Map<number, Session>()
  readonly #descriptors: DescriptorWatch
  readonly #audit: Deadline
  /** From when on a drain waits for no relay any more. */
  readonly #cutoff: Deadline
  /** Resolves those who wait for the last session. */
  #onEmpty: (() => void)[] = []
  /** The last start or reload that was asked for: they run one after the other. */
  #queue: Promise<void> = Promise.resolve()
  #isEnding = false

  constructor(options: GatewayOptions) {
    const clock = options.clock ?? systemClock
    this.engine = options.engine
    this.log = options.log
    this.clock = clock
    this.tally = options.tally ?? new Tally()
    this.meters = options.meters ?? new GatewayMeters()
    this.foregone = new ForegoneVerdict(options.engine)
    this.handles = options.usesHandles === false ? undefined : createHandleKit()
    this.#prefix = options.prefix
    this.wheel = new TimerWheel(clock, (lateMs) => this.meters.loopLag.observe(lateMs / 1000))
    this.refusals = new Refusals(clock, this.wheel, this.handles)
    this.tlsRefusals = new TlsRefusals(clock, this.wheel)
    this.upstreams = new UpstreamPools(options.prefix)
    this.names = new ClientNames({ clock })
    this.tls = new TlsContexts(options.prefix)
    this.upstreamTls = new UpstreamTls(options.prefix)
    this.authServers = new AuthServers(options.prefix)
    // Descriptors are the whole process's; one thread looks, and says it for all.
    const watchLog = options.team?.isSilent === true ? silentLog : options.log
    this.#descriptors = new DescriptorWatch(watchLog, this.wheel)
    this.#audit = new Deadline({ onDue: (nowMs) => this.#runAudit(nowMs) })
    this.#cutoff = new Deadline({ onDue: (nowMs) => this.#cutRelays(nowMs) })
    const onConnection = (socket: Socket, listen: Listen): void => {
      acceptSocket(this, socket, listen)
    }
    const onAcceptError = (error: Error): void => this.#onAcceptError(error)
    const onHandle = (client: AcceptedHandle, listen: Listen): boolean =>
      takeHandle(this, client, listen)
    const onHandleSettled = (): void => this.foregone.discard()
    const handlers = { onConnection, onHandle, onHandleSettled, onAcceptError }
    this.#team = options.team
    const { prefix, log, team, handed } = options
    const descriptorOf = team?.descriptorOf
    this.#listens = new ListenSet({
      prefix,
      log: team?.isSilent === true ? silentLog : log,
      handlers,
      ...(descriptorOf === undefined ? {} : { descriptorOf }),
      ...(handed === undefined ? {} : { handed }),
    })
  }

  start(): Promise<void> {
    return this.#inTurn(() => this.#start())
  }

  reload(policy: Policy): Promise<void> {
    return this.#inTurn(() => this.#reload(policy))
  }

  giveUp(listenIds: readonly string[]): void {
    this.#listens.giveUp(listenIds)
  }

  takeUp(): Promise<void> {
    return this.#inTurn(() => this.#listens.takeUp())
  }

  async drain({ relayMs }: { readonly relayMs?: number } = {}): Promise<void> {
    this.#stopAccepting()
    if (relayMs !== undefined) {
      this.wheel.schedule(this.#cutoff, this.clock.monotonicMs() + relayMs)
    }
    await this.#empty()
    this.#stopTimers()
  }

  async close(): Promise<void> {
    this.#stopAccepting()
    this.refusals.closeAll()
    this.tlsRefusals.closeAll()
    for (const session of this.#sessions.values()) shutDown(session)
    await this.#empty()
    await this.#queue
    this.#stopTimers()
  }

  stats(): GatewayStats {
    return {
      sessionsActive: this.#sessions.size,
      refusalsLingering: this.refusals.lingeringCount + this.tlsRefusals.lingeringCount,
      bytesFromClients: this.tally.bytesFromClients,
      bytesFromUpstreams: this.tally.bytesFromUpstreams,
    }
  }

  measured(): MeterValues {
    return this.meters.values()
  }

  sessionsByService(): ServiceCounts {
    const counts: Partial<Record<ServiceName, number>> = {}
    for (const { service } of this.engine.policy.listeners) counts[service] = 0
    for (const { service } of this.#sessions.values()) counts[service] = (counts[service] ?? 0) + 1
    return counts
  }

  upstreamHealth(): readonly UpstreamHealth[] {
    const nowMs = this.clock.monotonicMs()
    return this.upstreams.health(this.engine.policy, nowMs)
  }

  end(sessionId: number): boolean {
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return false
    session.write('notice', 'session ended by an operator', session.upstreamTarget?.text)
    shutDown(session)
    return true
  }

  detail(sessionId: number): SessionDetail | undefined {
    const session = this.#sessions.get(sessionId)
    return session === undefined ? undefined : detailOf(session)
  }

  bound(): readonly {
    readonly listenId: string
    readonly port?: number
    readonly path?: string
  }[] {
    return Array.from(this.#listens.values(), ({ id, port, path }) => ({
      listenId: id,
      ...(port === undefined ? {} : { port }),
      ...(path === undefined ? {} : { path }),
    }))
  }

  onSessionStarted(session: Session): void {
    this.#sessions.set(session.engineSession.id, session)
  }

  onSessionEnded(session: Session): void {
    this.#sessions.delete(session.engineSession.id)
    if (this.#sessions.size > 0) return
    for (const resolve of this.#onEmpty.splice(0)) resolve()
  }

  onOutOfDescriptors(error: Error): void {
    this.#descriptors.report(error)
  }

  async #start(): Promise<void> {
    this.#requireOpen()
    const tls = loadTls(this.engine.policy, this.#prefix)
    const named = await findNameServers(this.engine.policy)
    const users = loadUsers(this.engine.policy, this.#prefix)
    const authServers = loadAuthServers(this.engine.policy, this.#prefix)
    const upstreamTls = loadUpstreamTls(this.engine.policy, this.#prefix)
    const rebinding = await this.#listens.prepare(this.engine.policy)
    if (this.#isEnding) await this.#listens.takeBack(rebinding)
    this.#requireOpen()
    this.#useTls(tls)
    this.users = users
    this.authServers.retire()
    this.authServers = authServers
    this.names.named = named
    this.upstreamTls = upstreamTls
    this.wheel.start()
    const nowMs = this.clock.monotonicMs()
    this.wheel.schedule(this.#audit, nowMs + auditMs)
    this.#descriptors.start(nowMs)
    this.#listens.commit(rebinding)
  }

  async #reload(policy: Policy): Promise<void> {
    this.#requireOpen()
    const tls = loadTls(policy, this.#prefix)
    const users = loadUsers(policy, this.#prefix)
    const authServers = loadAuthServers(policy, this.#prefix)
    const named = await findNameServers(policy)
    const upstreamTls = loadUpstreamTls(policy, this.#prefix)
    const rebinding = await this.#listens.prepare(policy)
    try {
      this.#requireOpen()
      if (this.#team === undefined) this.engine.replacePolicy(policy)
      else await this.#team.replacePolicy(policy)
    } catch (error) {
      await this.#listens.takeBack(rebinding)
      throw error
    }
    this.#useTls(tls)
    this.users = users
    this.authServers.retire()
    this.authServers = authServers
    this.names.named = named
    this.upstreamTls = upstreamTls
    // It may have begun to end while it waited for the others: then nothing is opened any more.
    if (this.#isEnding) await this.#listens.takeBack(rebinding)
    else this.#listens.commit(rebinding)
    for (const session of this.#sessions.values()) {
      session.watch?.policyReplaced()
      // The engine gave it the new plan: its idle limit holds from now on. Upstream and TLS stay.
      session.arm()
    }
  }

  #useTls(tls: TlsContexts): void {
    this.tls = tls
    for (const { text } of tls.warnings(this.clock.wallMs())) this.log.write('warn', { text })
  }

  /** One after the other, whatever the ones before came to. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => {
      // Whoever asked for it has the rejection; the next in turn starts afresh.
    })
    return done
  }

  #requireOpen(): void {
    if (!this.#isEnding) return
    throw new PosternError('gateway.closing', 'the gateway is closing and takes no new policy')
  }

  #stopAccepting(): void {
    this.#isEnding = true
    this.#listens.retireAll()
  }

  async #empty(): Promise<void> {
    if (this.#sessions.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty.push(resolve)
    })
  }

  #stopTimers(): void {
    this.authServers.retire()
    this.refusals.closeAll()
    this.tlsRefusals.closeAll()
    this.#descriptors.stop()
    this.wheel.cancel(this.#audit)
    this.wheel.cancel(this.#cutoff)
    this.wheel.stop()
  }

  /** Looks again: a login that is still going on may become a relay. */
  #cutRelays(nowMs: number): void {
    for (const session of this.#sessions.values()) {
      if (session.state !== 'relaying') continue
      session.write('info', 'shutdown timeout while proxying', session.upstreamTarget?.text)
      abort(session)
    }
    this.wheel.schedule(this.#cutoff, nowMs + cutoffEveryMs)
  }

  #runAudit(nowMs: number): void {
    this.engine.audit(this.#openSocketIds())
    keepSessionsAlive(this.#sessions.values())
    this.wheel.schedule(this.#audit, nowMs + auditMs)
  }

  /** Asks the sockets, not our own notes: that is the point of an audit (SEMANTICS S20). */
  #openSocketIds(): ReadonlySet<number> {
    const ids = new Set<number>()
    for (const { raw, upstream, engineSession } of this.#sessions.values()) {
      if (!raw.closed || upstream?.closed === false) ids.add(engineSession.id)
    }
    return ids
  }

  #onAcceptError(error: Error): void {
    if (isOutOfDescriptors(error)) this.#descriptors.report(error)
    else this.log.write('crit', { text: `accept() failed (${errnoText(error)})` })
  }
}
