// Where a daemon's engines get the store of limits over several nodes from: its secrets and
// certificates are read here, and go nowhere else.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { openStore, requireClient } from '../adapters/iovalkey.ts'
import type { StoreSettings } from '../adapters/iovalkey.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import { PosternError } from '../base/errors.ts'
import type { ClusterSource } from '../engine/cluster/cluster-source.ts'
import type { ScriptStore } from '../engine/cluster/script-store.ts'
import { systemTimers } from '../engine/cluster/timers.ts'
import { clusterStoreOf } from '../policy/cluster.ts'
import type { ClusterStore, SecretPlace } from '../policy/cluster.ts'
import type { Policy } from '../policy/policy.ts'

export interface ClusterSourceOptions {
  /** From 1. */
  readonly worker: number
  /** Relative paths are resolved against it. */
  readonly prefix: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Enough that no two processes draw the same, ever. */
const instanceBytes = 6
const epochBytes = 8

export function clusterSource(options: ClusterSourceOptions): ClusterSource {
  return {
    hostName: hostname(),
    worker: options.worker,
    instance: randomBytes(instanceBytes).toString('hex'),
    timers: systemTimers,
    newEpoch: () => randomBytes(epochBytes).toString('hex'),
    open: (settings) => open(settings, options),
  }
}

function open(settings: ClusterStore, options: ClusterSourceOptions): ScriptStore {
  return openStore(readStore(settings, options))
}

type StorePlaces = Pick<ClusterSourceOptions, 'prefix' | 'environment'>

/** What keeps the store of a policy from being opened at all, as a file that is not there. */
export function diagnoseStore({ cluster }: Policy, places: StorePlaces): Diagnostic[] {
  if (cluster === undefined) return []
  try {
    requireClient()
    readStore(clusterStoreOf(cluster, hostname()), places)
    return []
  } catch (error) {
    if (!PosternError.is(error)) throw error
    const { code, message } = error
    return [{ severity: 'error', code, message, span: cluster.span }]
  }
}

function readStore(settings: ClusterStore, options: StorePlaces): StoreSettings {
  const { kind, servers, sentinel, database, user, sentinelUser, leaseMs } = settings
  const password = secretOf(settings.password, options)
  const sentinelPassword = secretOf(settings.sentinelPassword, options)
  return {
    kind,
    servers,
    database,
    leaseMs,
    tls: tlsOf(settings, options.prefix),
    ...(sentinel === undefined ? {} : { sentinel }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(sentinelUser === undefined ? {} : { sentinelUser }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
  }
}

function tlsOf({ tls }: ClusterStore, prefix: string): StoreSettings['tls'] {
  const read = (path: string): Buffer => readFile(resolve(prefix, path), 'cluster.tls_file')
  const { ca, certificate, key, name, isVerified } = tls
  return {
    isVerified,
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(certificate === undefined ? {} : { certificate: read(certificate) }),
    ...(key === undefined ? {} : { key: read(key) }),
    ...(name === undefined ? {} : { name }),
  }
}

/** The first line of a file, or a variable. What is wrong is said without a piece of it. */
function secretOf(
  place: SecretPlace | undefined,
  { prefix, environment }: StorePlaces,
): string | undefined {
  if (place === undefined) return undefined
  if (place.kind === 'environment') {
    const value = environment[place.name]
    if (value !== undefined && value !== '') return value
    throw new PosternError('cluster.secret', `the environment has no ${place.name}`)
  }
  const path = resolve(prefix, place.path)
  const [line = ''] = readFile(path, 'cluster.secret').toString().split(/\r?\n/, 1)
  if (line !== '') return line
  throw new PosternError('cluster.secret', `the first line of "${path}" is empty`)
}

function readFile(path: string, code: 'cluster.secret' | 'cluster.tls_file'): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new PosternError(code, `"${path}" cannot be read (${why})`, { cause: error })
  }
}
