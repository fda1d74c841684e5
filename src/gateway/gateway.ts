// The data plane: owns every listening socket and every live session of one process.

import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Tally } from '../base/tally.ts'
import type { Engine } from '../engine/engine.ts'
import type { HandedSockets } from './handed-sockets.ts'
import type { Policy, ServiceName } from '../policy/policy.ts'
import type { GatewayMeters, MeterValues } from './meters.ts'

export interface GatewayOptions {
  readonly engine: Engine
  readonly log: Log
  readonly clock?: Clock
  /** Relative paths of certificates and Unix sockets are resolved against it. */
  readonly prefix: string
  /** Where bytes are counted; absent: in memory of its own. */
  readonly tally?: Tally
  /** Listening sockets that this process was given. */
  readonly handed?: HandedSockets
  readonly meters?: GatewayMeters
  /** Where this gateway is one of several that share their listening sockets. */
  readonly team?: GatewayTeam
  /** False: every session is served by Sockets, as where Node has no handles as we know them. */
  readonly usesHandles?: boolean
}

/** What a gateway does together with others of its process. */
export interface GatewayTeam {
  /** A descriptor, for this gateway alone, of the socket bound for a Listen elsewhere. */
  readonly descriptorOf: (listenId: string) => number
  /** Puts a policy into force in all engines at once; rejects when that is off. */
  readonly replacePolicy: (policy: Policy) => Promise<void>
  /** What all do alike, one of them logs. */
  readonly isSilent: boolean
}

/** Numbers for the control socket, tests and benches. */
export interface GatewayStats {
  readonly sessionsActive: number
  readonly refusalsLingering: number
  readonly bytesFromClients: number
  readonly bytesFromUpstreams: number
}

export type ServiceCounts = Readonly<Partial<Record<ServiceName, number>>>

export interface UpstreamHealth {
  readonly upstream: string
  readonly isUp: boolean
}

/** One open session, for the control socket. */
export interface SessionDetail {
  /** Where it is on its way: `proxy_header`, `login`, `relaying` and so on. */
  readonly state: string
  /** Who logged in, or tries to. As the client or the auth server wrote it: not escaped. */
  readonly login?: string
  readonly upstream?: string
  readonly isTls: boolean
  readonly bytesFromClient: number
  readonly bytesToClient: number
  /** How long neither side has sent anything. */
  readonly silentMs: number
}

export interface Gateway {
  /**
   * Binds every enabled Listen of the engine's policy. Rejects with a PosternError, nothing bound,
   * when one fails.
   */
  start(): Promise<void>
  /**
   * Applies a policy that parsed and validated: loads its certificates, binds new Listens, then
   * swaps the engine's policy and retires old Listens. Rejects, with everything as before, when a
   * certificate cannot be read or an address cannot be bound. Never closes a session (SEMANTICS
   * S19): it keeps its upstream and its TLS, and takes the new policy's idle limit.
   */
  reload(policy: Policy): Promise<void>
  /**
   * Closes Listens that a reload will take away and that another one is in the way of; for a team,
   * whose sockets are bound elsewhere. `takeUp` opens them again when the reload failed.
   */
  giveUp(listenIds: readonly string[]): void
  takeUp(): Promise<void>
  /**
   * Stops accepting; resolves once the last session has ended. With a `relayMs`, sessions that are
   * relayed when so long has passed, or come to it later, are ended without a word (freenginx
   * `worker_shutdown_timeout`); the others have time limits of their own.
   */
  drain(limits?: { readonly relayMs?: number }): Promise<void>
  /** Stops accepting and ends every session now. */
  close(): Promise<void>
  stats(): GatewayStats
  measured(): MeterValues
  /** Sessions open now, by service. */
  sessionsByService(): ServiceCounts
  /** Every listed address of an upstream that was tried, and whether it answered lately. */
  upstreamHealth(): readonly UpstreamHealth[]
  /** Ends a session because an operator wants it so; false: there is none of this id. */
  end(sessionId: number): boolean
  /** The session with this id of the engine; undefined when it is over. */
  detail(sessionId: number): SessionDetail | undefined
  /** Endpoints bound now: `Listen.id` and the port the kernel gave (differs for port 0). */
  bound(): readonly { readonly listenId: string; readonly port?: number; readonly path?: string }[]
}
