// What a daemon needs from whatever carries its sessions: a gateway in this process, or a host with
// many workers.

import type { Clock } from '../base/clock.ts'
import type { AuditReport } from '../engine/audit.ts'
import type { ClusterView } from '../engine/cluster/cluster-view.ts'
import type { Engine, Totals } from '../engine/engine.ts'
import type { Gateway, GatewayStats, ServiceCounts, UpstreamHealth } from '../gateway/gateway.ts'
import type { MeterValues } from '../gateway/meters.ts'
import type { Policy } from '../policy/policy.ts'
import { answerQuestion } from './answers.ts'
import type { ControlResponse, Question } from './control-protocol.ts'
import type { LogLosses } from './daemon-log.ts'
import type { EventFeed, StreamName } from './feed/event-feed.ts'
import type { Subscribers } from './feed/subscribers.ts'
import type { EventListener } from './feed/subscribers.ts'
import type { EventRecord } from './event-record.ts'
import type { DaemonSettings } from './settings.ts'

/** A configuration that is to be carried out. */
export interface Assignment {
  readonly policy: Policy
  readonly settings: DaemonSettings
}

/** Numbers of all sessions, wherever they are. */
export interface PlaneReport {
  readonly revision: number
  readonly totals: Totals
  readonly stats: GatewayStats
  readonly bound: readonly string[]
  readonly audit?: AuditReport
  /** The store of limits over several nodes, as each worker sees it. */
  readonly cluster?: readonly ClusterView[]
  readonly sessionsByService: ServiceCounts
  readonly upstreams: readonly UpstreamHealth[]
  readonly measured: MeterValues
  /** What the logs of other threads lost. */
  readonly log?: LogLosses
  readonly workers?: WorkersReport
}

export interface WorkersReport {
  readonly configured: number
  readonly running: number
  readonly restartedTotal: number
  /** The process they run in. */
  readonly hostPid?: number
}

export interface Plane {
  /** Of the policy in force. */
  readonly revision: number
  /** Resolves when every Listen is bound and served. */
  start(): Promise<void>
  /** As `Gateway.reload`. */
  reload(assignment: Assignment): Promise<void>
  drain(limits: { readonly relayMs?: number }): Promise<void>
  close(): Promise<void>
  /** Opens the logs anew that are not the daemon's own. */
  reopenLogs(): void
  report(): Promise<PlaneReport>
  ask(question: Question): Promise<ControlResponse>
  /** Resolves when every worker has had a turn; rejects when one cannot have any. */
  pulse(): Promise<void>
  /**
   * Calls the listener with batches of events until the function that comes back is called. Costs
   * nothing while nobody listens.
   */
  subscribe(listener: EventListener, stream?: StreamName): () => void
}

export interface LocalPlaneParts {
  readonly engine: Engine
  readonly gateway: Gateway
  readonly clock: Clock
  readonly feed: EventFeed
  readonly subscribers: Subscribers
  readonly record: EventRecord
}

/** One engine and one gateway, in this thread. */
export class LocalPlane implements Plane {
  readonly #parts: LocalPlaneParts

  constructor(parts: LocalPlaneParts) {
    this.#parts = parts
  }

  get revision(): number {
    return this.#parts.engine.revision
  }

  /** Whoever comes finds the caps in force. */
  async start(): Promise<void> {
    await this.#parts.engine.joined()
    await this.#parts.gateway.start()
  }

  reload({ policy }: Assignment): Promise<void> {
    return this.#parts.gateway.reload(policy)
  }

  async drain(limits: { readonly relayMs?: number }): Promise<void> {
    await this.#parts.gateway.drain(limits)
    await this.#parts.engine.leave()
  }

  async close(): Promise<void> {
    await this.#parts.gateway.close()
    await this.#parts.engine.leave()
  }

  /** It logs through the daemon. */
  reopenLogs(): void {}

  report(): Promise<PlaneReport> {
    return Promise.resolve(reportOf(this.#parts))
  }

  /** Whoever asks has the only turns there are. */
  pulse(): Promise<void> {
    return Promise.resolve()
  }

  ask(question: Question): Promise<ControlResponse> {
    return answerQuestion(this.#parts, question)
  }

  subscribe(listener: EventListener, stream: StreamName = 'watch'): () => void {
    const { feed, subscribers } = this.#parts
    const subscription = subscribers.add(stream, listener)
    feed.set(subscribers.streams())
    if (stream === 'trace') feed.begin(subscription.number)
    return () => {
      subscribers.remove(subscription)
      feed.set(subscribers.streams())
    }
  }
}

/** What one engine and one gateway know. */
export function reportOf(
  parts: Pick<LocalPlaneParts, 'engine' | 'gateway' | 'record'>,
): PlaneReport {
  const { engine, gateway, record } = parts
  const audit = record.lastAudit
  const cluster = engine.cluster()
  return {
    revision: engine.revision,
    totals: engine.totals(),
    stats: gateway.stats(),
    bound: gateway.bound().map((bound) => bound.listenId),
    sessionsByService: gateway.sessionsByService(),
    upstreams: gateway.upstreamHealth(),
    measured: gateway.measured(),
    ...(audit === undefined ? {} : { audit }),
    ...(cluster === undefined ? {} : { cluster: [cluster] }),
  }
}
