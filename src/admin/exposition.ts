// The metrics as Prometheus reads them. Nothing is counted here: every value is asked for when it is
// read, from whoever has counted it.

import { Registry } from 'prom-client'
import type { Metric } from 'prom-client'
import { unreachable } from '../base/assert.ts'
import type { HistogramValues } from '../base/histogram.ts'
import { metricSpecs } from '../engine/metrics.ts'
import type { MetricName, MetricSpec } from '../engine/metrics.ts'
import { problemResponse } from './problem.ts'
import type { ClusterState, Limits } from './answers.ts'
import type { AdminView, MetricsSource } from './view.ts'
import type { WorkBudget } from './work-budget.ts'

interface Value {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  /** With the ending of a histogram's part. */
  readonly metricName?: string
}

export class Exposition {
  readonly #view: Pick<AdminView, 'metrics'>
  readonly #registry = new Registry()
  #source: MetricsSource | undefined

  constructor(view: Pick<AdminView, 'metrics'>) {
    this.#view = view
    for (const [name, spec] of Object.entries(metricSpecs)) {
      this.#register(name as MetricName, spec) // entries of a literal typed by MetricName
    }
  }

  async response(budget: WorkBudget): Promise<Response> {
    const text = await budget.walk(() => this.#text())
    if (text === undefined) {
      const message = 'Too much is asked for at this time; ask again in a second.'
      const headers = { 'Retry-After': '1' }
      return problemResponse({ status: 429, code: 'busy', message, headers })
    }
    budget.charge(costOf(this.#source?.limits))
    const headers = { 'Content-Type': this.#registry.contentType, 'Cache-Control': 'no-store' }
    return new Response(text, { headers })
  }

  async #text(): Promise<string> {
    this.#source = await this.#view.metrics()
    return this.#registry.metrics()
  }

  #register(name: MetricName, { name: fullName, help, kind }: MetricSpec): void {
    const metric = {
      name: fullName,
      help,
      type: kind,
      aggregator: 'sum',
      collect: () => {},
      get: () => Promise.resolve({ name: fullName, help, type: kind, values: this.#values(name) }),
    }
    // All that a registry asks of a metric is what it is called and `get`, as prom-client's own
    // aggregation of a cluster does.
    this.#registry.registerMetric(metric as unknown as Metric)
  }

  #values(name: MetricName): readonly Value[] {
    const source = this.#source
    return source === undefined ? [] : valuesOf(name, source)
  }
}

function costOf(limits: Limits | undefined): number {
  const zones = limits?.zones ?? []
  return zones.reduce((sum, { statesUsed }) => sum + statesUsed / 20, limits?.limits.length ?? 0)
}

const one = (value: number): readonly Value[] => [{ value, labels: {} }]

function valuesOf(name: MetricName, source: MetricsSource): readonly Value[] {
  const { status, limits, histograms } = source
  switch (name) {
    case 'buildInfo':
      return [{ value: 1, labels: { version: status.version } }]
    case 'startTime':
      return one(Date.parse(status.startedAt) / 1000)
    case 'draining':
      return one(status.isDraining ? 1 : 0)
    case 'sessionsActive':
      return Object.entries(source.sessionsByService).map(([service, value]) => {
        return { value, labels: { service } }
      })
    case 'admissions':
      return one(status.admittedTotal)
    case 'refusedSessions':
      return one(status.refusedTotal)
    case 'capsChanged':
      return one(status.changedLimits.length)
    case 'drift':
      return status.audit === undefined ? [] : one(driftOf(status.audit))
    case 'refusalsLingering':
      return one(status.refusalsLingering)
    case 'relayBytes':
      return [
        { value: status.bytesFromClients, labels: { from: 'client' } },
        { value: status.bytesFromUpstreams, labels: { from: 'upstream' } },
      ]
    case 'upstreamUp':
      return source.upstreams.map(({ upstream, isUp }) => {
        return { value: isUp ? 1 : 0, labels: { upstream } }
      })
    case 'upstreamConnect':
    case 'authentication':
    case 'loopLag':
      return histogramValues(metricSpecs[name].name, histograms[name])
    case 'revision':
      return one(status.revision)
    case 'reloadFailures':
      return one(source.reloadFailedTotal)
    case 'clusterUp':
    case 'clusterNodes':
    case 'clusterDrift':
      return clusterValues(name, status.cluster ?? [])
    case 'workers':
    case 'workerRestarts':
    case 'logLosses':
      return daemonValues(name, source)
    default:
      return limits === undefined ? [] : limitValues(name, limits)
  }
}

/** Sessions that only one side knows of are drift, too. */
function driftOf({
  drift,
  leakedIds,
  unknownIds,
}: NonNullable<MetricsSource['status']['audit']>): number {
  return drift + leakedIds.length + unknownIds.length
}

function daemonValues(
  name: 'workers' | 'workerRestarts' | 'logLosses',
  { status }: MetricsSource,
): readonly Value[] {
  // One worker is the daemon itself.
  const { configured, running, restartedTotal } = status.workers ?? {
    configured: 1,
    running: 1,
    restartedTotal: 0,
  }
  if (name === 'workerRestarts') return one(restartedTotal)
  if (name === 'workers') {
    return [
      { value: configured, labels: { state: 'configured' } },
      { value: running, labels: { state: 'running' } },
    ]
  }
  const { suppressedTotal, droppedTotal, errorsTotal } = status.log
  return [
    { value: suppressedTotal, labels: { reason: 'suppressed' } },
    { value: droppedTotal, labels: { reason: 'dropped' } },
    { value: errorsTotal, labels: { reason: 'failed' } },
  ]
}

/** Each worker has its own view of the store; it counts when it does for all of them. */
function clusterValues(
  name: 'clusterUp' | 'clusterNodes' | 'clusterDrift',
  views: readonly ClusterState[],
): readonly Value[] {
  const clusters = new Set(views.map((view) => view.name))
  return Array.from(clusters, (cluster) => {
    const own = views.filter((view) => view.name === cluster)
    const ledgers = own.flatMap((view) => view.ledgers)
    switch (name) {
      case 'clusterUp': {
        const isUp = ledgers.every(
          ({ awayMs, state }) => awayMs === undefined && state === 'counting',
        )
        return { value: isUp ? 1 : 0, labels: { cluster } }
      }
      case 'clusterNodes':
        return {
          value: Math.max(0, ...ledgers.map(({ nodeCount }) => nodeCount)),
          labels: { cluster },
        }
      case 'clusterDrift':
        return { value: own.reduce((sum, view) => sum + view.driftTotal, 0), labels: { cluster } }
      default:
        return unreachable(name)
    }
  })
}

type LimitMetric =
  | 'refusals'
  | 'exhausted'
  | 'dryRunRefusals'
  | 'budgetUsed'
  | 'budgetCap'
  | 'budgetHighWater'
  | 'zoneStates'

function limitValues(name: LimitMetric, { limits, zones }: Limits): readonly Value[] {
  if (name === 'zoneStates') return zones.flatMap(zoneValues)
  return limits.flatMap((limit): Value[] => {
    const { id, stage } = limit
    const labels = { limit: id }
    switch (name) {
      case 'refusals':
        return [{ value: limit.refusedTotal, labels: { ...labels, stage } }]
      case 'exhausted':
        return [{ value: limit.exhaustedTotal, labels }]
      case 'dryRunRefusals':
        return [{ value: limit.dryRunTotal, labels }]
      case 'budgetUsed':
        return [{ value: limit.usedCount, labels }]
      case 'budgetCap':
        return limit.capMax === undefined ? [] : [{ value: limit.capMax, labels }]
      case 'budgetHighWater':
        return [{ value: limit.highWaterCount, labels }]
      default:
        return []
    }
  })
}

function zoneValues({ name: zone, statesUsed, statesFree }: Limits['zones'][number]): Value[] {
  const used = { value: statesUsed, labels: { zone, state: 'used' } }
  if (statesFree === undefined) return [used]
  return [used, { value: statesFree, labels: { zone, state: 'free' } }]
}

/** Of each bucket those below it, too, as Prometheus wants them. */
function histogramValues(name: string, values: HistogramValues): readonly Value[] {
  const { bounds, counts, count, sumSeconds } = values
  let below = 0
  const buckets = bounds.map((bound, at): Value => {
    below += counts[at] ?? 0
    return { value: below, labels: { le: bound }, metricName: `${name}_bucket` }
  })
  return [
    ...buckets,
    { value: count, labels: { le: '+Inf' }, metricName: `${name}_bucket` },
    { value: sumSeconds, labels: {}, metricName: `${name}_sum` },
    { value: count, labels: {}, metricName: `${name}_count` },
  ]
}
