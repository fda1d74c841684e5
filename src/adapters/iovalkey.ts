// Stores through iovalkey, an optional package: one server, one behind sentinels, a Redis Cluster.
// ioredis, of which iovalkey is a descendant, has the same calls: `storeOf` takes either's client.

import { createRequire } from 'node:module'
import type { ConnectionOptions } from 'node:tls'
import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'iovalkey'
import { PosternError } from '../base/errors.ts'
import type { ScriptStore } from '../engine/cluster/script-store.ts'
import { ClientStore } from './client-store.ts'
import type { CommandClient } from './command-client.ts'

/** Where a store is, with every file read and every secret found. */
export interface StoreSettings {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  readonly servers: readonly StoreServer[]
  /** What the sentinels call the store. */
  readonly sentinel?: string
  readonly database: number
  readonly user?: string
  readonly password?: string
  readonly sentinelUser?: string
  readonly sentinelPassword?: string
  readonly tls: StoreTls
  /** Of a lease. */
  readonly leaseMs: number
}

export type StoreServer =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly isTls: boolean }
  | { readonly kind: 'unix'; readonly path: string }

export interface StoreTls {
  readonly ca?: Buffer
  readonly certificate?: Buffer
  readonly key?: Buffer
  /** The name in the server's certificate; absent: its host. */
  readonly name?: string
  readonly isVerified: boolean
}

/** What is used of a client of iovalkey or ioredis. */
export interface RedisLikeClient {
  readonly status: string
  call(command: string, args: (string | Buffer | number)[]): Promise<unknown>
  disconnect(): void
  on(event: 'error', handler: (error: Error) => void): unknown
  on(event: 'ready', handler: () => void): unknown
}

const connectMs = 1000
/** The first wait after a connection broke, and the longest. */
const reconnectFirstMs = 50
const reconnectMaxMs = 500

/** Connects in the background, for as long as it takes: until then calls reject. */
export function openStore(settings: StoreSettings): ScriptStore {
  return storeOf(connect(settings), settings.kind === 'cluster')
}

/**
 * A store over a client of iovalkey or ioredis, which must have been made with
 * `enableOfflineQueue: false`, `autoResendUnfulfilledCommands: false` and
 * `maxRetriesPerRequest: null`, so that nothing is sent late or twice.
 */
export function storeOf(client: RedisLikeClient, isSharded: boolean): ScriptStore {
  return new ClientStore(commandClientOf(client), isSharded)
}

function commandClientOf(client: RedisLikeClient): CommandClient {
  let trouble: string | undefined = 'not connected yet'
  // Messages only: the errors of the client carry its commands, and so its password.
  client.on('error', (error) => {
    trouble = error.message
  })
  client.on('ready', () => {
    trouble = undefined
  })
  return {
    send: (command, args) => client.call(command, [...args]),
    close() {
      client.disconnect()
      return Promise.resolve()
    },
    get trouble(): string | undefined {
      return trouble
    },
  }
}

interface Library {
  readonly Redis: new (options: RedisOptions) => Redis
  readonly Cluster: new (
    nodes: { readonly host: string; readonly port: number }[],
    options: ClusterOptions,
  ) => Cluster
}

/** Throws when the package is not there. */
export function requireClient(): void {
  loadLibrary()
}

function loadLibrary(): Library {
  try {
    // It is CommonJS, and only who counts over several machines should pay for loading it.
    return createRequire(import.meta.url)('iovalkey') as Library // as its own types say
  } catch (error) {
    throw new PosternError(
      'cluster.no_client',
      'the package iovalkey, which speaks to the store, is not installed: npm install iovalkey@0.4.0',
      { cause: error },
    )
  }
}

function connect(settings: StoreSettings): RedisLikeClient {
  const { Redis: Single, Cluster: Sharded } = loadLibrary()
  const { servers } = settings
  if (settings.kind === 'cluster') {
    return new Sharded(tcpOf(servers), {
      enableOfflineQueue: false,
      clusterRetryStrategy: waitAfter,
      // A hash slot that moves is followed this far; then the ledger registers anew.
      maxRedirections: 4,
      retryDelayOnFailover: reconnectFirstMs,
      retryDelayOnClusterDown: reconnectFirstMs,
      slotsRefreshTimeout: connectMs,
      redisOptions: { ...common(settings), ...tlsOf(settings) },
    })
  }
  if (settings.kind === 'sentinel') {
    const { sentinel, sentinelUser, sentinelPassword } = settings
    const tls = tlsOf(settings).tls
    return new Single({
      ...common(settings),
      sentinels: tcpOf(servers),
      name: sentinel ?? '',
      role: 'master',
      retryStrategy: waitAfter,
      sentinelRetryStrategy: waitAfter,
      enableOfflineQueue: false,
      failoverDetector: true,
      ...(sentinelUser === undefined ? {} : { sentinelUsername: sentinelUser }),
      ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
      ...(tls === undefined ? {} : { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    })
  }
  const [server] = servers
  if (server === undefined) throw new Error('postern: a store without a server')
  const where =
    server.kind === 'unix' ? { path: server.path } : { host: server.host, port: server.port }
  return new Single({
    ...common(settings),
    ...where,
    db: settings.database,
    retryStrategy: waitAfter,
    enableOfflineQueue: false,
    ...tlsOf(settings),
  })
}

function common({ user, password, leaseMs }: StoreSettings): RedisOptions {
  return {
    connectTimeout: Math.min(connectMs, leaseMs),
    connectionName: 'postern',
    // Nothing late, nothing twice: a ledger that does not know what became of a call publishes anew.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    noDelay: true,
    // A connection that owes an answer for so long is lost, whatever TCP says.
    socketTimeout: leaseMs,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
  }
}

function tlsOf({ tls, servers }: StoreSettings): { readonly tls?: ConnectionOptions } {
  if (!servers.some((server) => server.kind === 'tcp' && server.isTls)) return {}
  const { ca, certificate, key, name, isVerified } = tls
  return {
    tls: {
      rejectUnauthorized: isVerified,
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { cert: certificate }),
      ...(key === undefined ? {} : { key }),
      ...(name === undefined ? {} : { servername: name }),
    },
  }
}

function waitAfter(attempts: number): number {
  return Math.min(reconnectMaxMs, reconnectFirstMs * attempts)
}

function tcpOf(servers: readonly StoreServer[]): { host: string; port: number }[] {
  return servers.flatMap((server) =>
    server.kind === 'tcp' ? [{ host: server.host, port: server.port }] : [],
  )
}
