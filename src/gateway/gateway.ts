// The data plane: owns every listening socket and every live session of one process.

import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Engine } from '../engine/engine.ts'
import type { Policy } from '../policy/policy.ts'

export interface GatewayOptions {
  readonly engine: Engine
  readonly log: Log
  readonly clock?: Clock
  /** Relative paths of certificates and Unix sockets are resolved against it. */
  readonly prefix: string
}

/** Numbers for the control socket, tests and benches. */
export interface GatewayStats {
  readonly sessionsActive: number
  readonly refusalsLingering: number
  readonly bytesFromClients: number
  readonly bytesFromUpstreams: number
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
   * Stops accepting; resolves once the last session has ended. With a `relayMs`, sessions that are
   * relayed when so long has passed, or come to it later, are ended without a word (freenginx
   * `worker_shutdown_timeout`); the others have time limits of their own.
   */
  drain(limits?: { readonly relayMs?: number }): Promise<void>
  /** Stops accepting and ends every session now. */
  close(): Promise<void>
  stats(): GatewayStats
  /** Endpoints bound now: `Listen.id` and the port the kernel gave (differs for port 0). */
  bound(): readonly { readonly listenId: string; readonly port?: number; readonly path?: string }[]
}
