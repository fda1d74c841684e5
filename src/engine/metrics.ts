// Every metric that Postern has: its name, its kind, its labels, and what it says. The admin API
// fills them, docs/metrics.md lists them from here. Key values are never labels.

export type MetricKind = 'counter' | 'gauge' | 'histogram'

export interface MetricSpec {
  readonly name: string
  readonly kind: MetricKind
  readonly labels: readonly string[]
  readonly help: string
}

function metric(
  kind: MetricKind,
  name: string,
  help: string,
  labels: readonly string[] = [],
): MetricSpec {
  return { name: `postern_${name}`, kind, labels, help }
}

export type MetricName =
  | 'buildInfo'
  | 'startTime'
  | 'draining'
  | 'sessionsActive'
  | 'admissions'
  | 'refusedSessions'
  | 'refusals'
  | 'exhausted'
  | 'dryRunRefusals'
  | 'budgetUsed'
  | 'budgetCap'
  | 'budgetHighWater'
  | 'capsChanged'
  | 'zoneStates'
  | 'drift'
  | 'refusalsLingering'
  | 'relayBytes'
  | 'upstreamUp'
  | 'upstreamConnect'
  | 'authentication'
  | 'loopLag'
  | 'revision'
  | 'reloadFailures'
  | 'workers'
  | 'workerRestarts'
  | 'logLosses'
  | 'clusterUp'
  | 'clusterNodes'
  | 'clusterDrift'

export const metricSpecs: Readonly<Record<MetricName, MetricSpec>> = {
  buildInfo: metric('gauge', 'build_info', 'Always 1; the version is a label.', ['version']),
  startTime: metric('gauge', 'start_time_seconds', 'When the daemon started, since 1970.'),
  draining: metric('gauge', 'draining', '1 while no new session is accepted.'),
  sessionsActive: metric('gauge', 'sessions_active', 'Sessions open now.', ['service']),
  admissions: metric('counter', 'admissions_total', 'Sessions admitted at connect.'),
  refusedSessions: metric('counter', 'refused_sessions_total', 'Sessions refused, at any stage.'),
  refusals: metric(
    'counter',
    'refusals_total',
    'Sessions that a limit refused: it was the first that did not fit.',
    ['limit', 'stage'],
  ),
  exhausted: metric(
    'counter',
    'exhausted_refusals_total',
    'Of these, sessions refused since a zone had no room for their key.',
    ['limit'],
  ),
  dryRunRefusals: metric(
    'counter',
    'dry_run_refusals_total',
    'Sessions that a limit in dry run would have refused.',
    ['limit'],
  ),
  budgetUsed: metric('gauge', 'budget_used', 'Sessions in the fullest budget of a limit.', [
    'limit',
  ]),
  budgetCap: metric('gauge', 'budget_cap', 'The cap of a limit; none: it has no cap.', ['limit']),
  budgetHighWater: metric(
    'gauge',
    'budget_high_water',
    'The most sessions that a budget of a limit held since the start.',
    ['limit'],
  ),
  capsChanged: metric(
    'gauge',
    'caps_changed',
    'Caps that are not as they are written, until the next reload.',
  ),
  zoneStates: metric('gauge', 'zone_states', 'States of a zone, used and free.', ['zone', 'state']),
  drift: metric(
    'gauge',
    'audit_drift',
    'By how much the counts differ from the open sockets; anything but 0 is a defect.',
  ),
  refusalsLingering: metric(
    'gauge',
    'refusals_lingering',
    'Refused connections that are not closed yet.',
  ),
  relayBytes: metric('counter', 'relay_bytes_total', 'Bytes passed on, by where they came from.', [
    'from',
  ]),
  upstreamUp: metric(
    'gauge',
    'upstream_up',
    '0 while an address of an upstream list does not answer, and is tried after the others.',
    ['upstream'],
  ),
  upstreamConnect: metric(
    'histogram',
    'upstream_connect_seconds',
    'From connecting to an upstream until its dialogue can begin, TLS included.',
  ),
  authentication: metric(
    'histogram',
    'authentication_seconds',
    'From the question about a login to its answer.',
  ),
  loopLag: metric(
    'histogram',
    'event_loop_lag_seconds',
    'How late a timer was, eight times a second in each worker.',
  ),
  revision: metric('gauge', 'policy_revision', 'Number of the policy in force, from 1.'),
  reloadFailures: metric(
    'counter',
    'reload_failures_total',
    'Reloads that changed nothing, since the configuration was wrong.',
  ),
  workers: metric('gauge', 'workers', 'Worker threads, by state: configured, running.', ['state']),
  workerRestarts: metric('counter', 'worker_restarts_total', 'Worker threads that died.'),
  logLosses: metric('counter', 'log_records_lost_total', 'Log records not written, and why.', [
    'reason',
  ]),
  clusterUp: metric(
    'gauge',
    'cluster_up',
    '1 while the store counts for all workers; 0: limits over all nodes do what When_Away says.',
    ['cluster'],
  ),
  clusterNodes: metric('gauge', 'cluster_nodes', 'Machines that count together, this one too.', [
    'cluster',
  ]),
  clusterDrift: metric(
    'counter',
    'cluster_drift_total',
    'What the store lost or doubled of this node; each time it was made good.',
    ['cluster'],
  ),
}
