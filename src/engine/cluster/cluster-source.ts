// Where an engine gets its store from, and when it needs another one.

import { clusterStoreOf } from '../../policy/cluster.ts'
import type { ClusterStore as StoreSettings } from '../../policy/cluster.ts'
import { connectZone } from '../../policy/fallback.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Clock } from '../../base/clock.ts'
import { Cluster } from './cluster.ts'
import type { ClusterEvent } from './cluster-view.ts'
import type { ScriptStore } from './script-store.ts'
import type { Timers } from './timers.ts'

export interface ClusterSource {
  /** What the node is called when the policy does not say. */
  readonly hostName: string
  /** From 1: each worker counts by itself. */
  readonly worker: number
  /** Random, unlike that of any other process. */
  readonly instance: string
  readonly timers: Timers
  /** Unlike any that was drawn before. */
  readonly newEpoch: () => string
  /** Throws a PosternError when the store cannot be opened; not when it does not answer. */
  readonly open: (settings: StoreSettings) => ScriptStore
}

export interface ClusterOpening {
  readonly source: ClusterSource | undefined
  readonly clock: Clock
  readonly onEvent: (event: ClusterEvent) => void
}

/** The store of a policy: `current`, when that is the same, or a new one; undefined: none. */
export function openCluster(
  policy: Policy,
  current: Cluster | undefined,
  { source, clock, onEvent }: ClusterOpening,
): Cluster | undefined {
  if (policy.cluster === undefined || source === undefined) return undefined
  const settings = clusterStoreOf(policy.cluster, source.hostName)
  // Plain data without spans: a file whose lines moved names the same store.
  if (JSON.stringify(settings) === JSON.stringify(current?.settings)) return current
  const { timers, newEpoch, worker, instance } = source
  const store = source.open(settings)
  const holder = { node: settings.node, worker, instance }
  const counted = policy.zones.filter(({ cluster }) => cluster?.isCounted === true)
  // In a Redis Cluster each zone joins by itself; the first of them before anybody comes.
  const zones = [connectZone, ...counted.map(({ name }) => name)]
  return new Cluster({ store, settings, holder, clock, timers, newEpoch, onEvent }, zones)
}
