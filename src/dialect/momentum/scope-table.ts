// The scopes of Momentum: which ones Postern reads, and which ones it leaves to the upstream.

import type { ServiceName } from '../../policy/policy.ts'
import { foldName } from './syntax.ts'
import type { ScopeStatement } from './syntax.ts'

/** The scopes an option may stand in. */
export const scopeKinds = [
  'global',
  'esmtp_listener',
  'ecstream_listener',
  'imap_listener',
  'pop3_listener',
  'listen',
  'peer',
  'pathway',
  'pathway_group',
  'limit_conn_zone',
  'limit_conn',
  'cluster',
] as const

export type ScopeKind = (typeof scopeKinds)[number]

/** How messages name each scope. */
export const scopeTitles: { readonly [K in ScopeKind]: string } = {
  global: 'the global scope',
  esmtp_listener: 'ESMTP_Listener',
  ecstream_listener: 'ECStream_Listener',
  imap_listener: 'IMAP_Listener',
  pop3_listener: 'POP3_Listener',
  listen: 'Listen',
  peer: 'Peer',
  pathway: 'Pathway',
  pathway_group: 'Pathway_Group',
  limit_conn_zone: 'Limit_Conn_Zone',
  limit_conn: 'Limit_Conn',
  cluster: 'Cluster',
}

/** The listeners and the service each one offers (SEMANTICS S13). */
export const listenerServices: ReadonlyMap<ScopeKind, ServiceName> = new Map([
  ['esmtp_listener', 'smtp'],
  ['ecstream_listener', 'ecstream'],
  ['imap_listener', 'imap'],
  ['pop3_listener', 'pop3'],
])

/** Where each scope may be opened (momentum.md 2.1; a Peer contains neither Listen nor Peer). */
export const scopeParents: { readonly [K in ScopeKind]: readonly ScopeKind[] } = {
  global: [],
  esmtp_listener: ['global'],
  ecstream_listener: ['global'],
  imap_listener: ['global'],
  pop3_listener: ['global'],
  listen: ['esmtp_listener', 'ecstream_listener', 'imap_listener', 'pop3_listener'],
  peer: ['esmtp_listener', 'ecstream_listener', 'imap_listener', 'pop3_listener', 'listen'],
  pathway: ['global', 'pathway_group'],
  pathway_group: ['global'],
  limit_conn_zone: ['global'],
  limit_conn: [
    'esmtp_listener',
    'imap_listener',
    'pop3_listener',
    'listen',
    'peer',
    'pathway',
    'pathway_group',
  ],
  cluster: ['global'],
}

/** The scope that a statement opens, if Postern reads it: a Cluster may be Momentum's own. */
export function scopeKindOfStatement(statement: ScopeStatement): ScopeKind | undefined {
  const kind = scopeKindOf(statement.name.text)
  return kind === 'cluster' && !isClusterAddition(statement) ? undefined : kind
}

/** The scope with this name, if Postern reads it. */
export function scopeKindOf(name: string): ScopeKind | undefined {
  const folded = foldName(name)
  return scopeKinds.find((kind) => kind === folded && kind !== 'global')
}

const sessionsOnly = 'it gates mail sessions only'
const ownThreads = 'it manages its own threads'
const delivery = "delivering mail is the upstream's business"
const permissions = 'users and permissions are set where Postern is started'
const logging = 'its log is set with Error_Log'
const upstreamCluster = "Momentum's cluster is the upstream's business"
const modules = "Momentum's modules run in the upstream"

function entries(reason: string, names: string): [string, string][] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, reason])
}

/** Scopes that are parsed and skipped, as the manual spells them, and why. */
const skippedScopes: ReadonlyMap<string, string> = new Map([
  ...entries(sessionsOnly, 'Control_Listener HTTP_Listener XMPP_Listener msgcserver_listener'),
  ...entries(upstreamCluster, 'ECCluster_Listener Cluster Topology Replicate'),
  ...entries(ownThreads, 'ThreadPool EventLoop'),
  ...entries(delivery, 'Domain Host Binding Binding_Group Adaptive_Sweep_Rule'),
  ...entries(delivery, 'Adaptive_Backstore_LevelDB Adaptive_Backstore_Riak Curfew'),
  ...entries(permissions, 'Authorization Security'),
  ...entries(logging, 'Debug_Flags Logs SNMP SNMP_Traps'),
  // The modules of the manual's summary; each is a stanza with the module's own options.
  ...entries(
    modules,
    `ac_auth adaptive alerting alias antivirus apn apn_logger as_logger auth_ds auth_radius beik
    bind_address_secondary bounce_classifier_override bounce_logger brightmail bzip2io chunk_logger
    cidrdb clamav cloudmark commtouch_ctasd compress_spool conntrol csapi custom_bounce_logger
    custom_logger dane datasource delay_dsn dk_sign dk_validate dkim_sign dkim_validate dnsbuf
    domainkeys ds_core ec_logger eleven engage_tracker event_hydrant exim_logger fbl fingerprint gcm
    gcm_logger gzipio ha_proxy_client http_logger httpsrv icu ilf_logger inbound_audit ipv6_lookup
    jlog live_bounce_updates mail_loop maildir mm7 mm7_serv mms_bounce_logger mms_logger msg_gen
    msgc msgc_client msgc_server mxip openarc opendkim outbound_audit outbound_smtp_auth persist_io
    pipe_io pipe_transport postfix_logger reception_timing response_transcode restinjector sched
    scriptlet securecreds seedlist senderid sendmail_logger sieve smpp smpp_bounce_logger
    smpp_logger smtp_auth_proxy smtp_cbv smtp_rcptto_proxy smtpapi spamassassin spf_macros spf_v1
    static_routes static-routes suppress_spool syslog_io tls_macros url_ripper`,
  ),
])

const skippedByFold: ReadonlyMap<string, string> = new Map(
  [...skippedScopes].map(([name, reason]) => [foldName(name), reason]),
)

/** Why Postern skips a scope; undefined when it does not. */
export function skipReason(statement: ScopeStatement): string | undefined {
  return isClusterAddition(statement) ? undefined : skippedByFold.get(foldName(statement.name.text))
}

/** Is nothing in this scope read, not even its includes? */
export function isSkippedScope(statement: ScopeStatement): boolean {
  return skipReason(statement) !== undefined
}

/** Options of the gate's own Cluster scope; Momentum's has none of these names. */
const clusterAdditions = new Set(['server', 'node', 'lease', 'when_away'])

/** `Cluster { Server = ... }` is Postern's; `Cluster { cluster_group = ... }` is Momentum's. */
export function isClusterAddition(statement: ScopeStatement): boolean {
  if (foldName(statement.name.text) !== 'cluster') return false
  return statement.body.some(
    (inner) =>
      inner.kind !== 'include' &&
      inner.kind !== 'scope' &&
      clusterAdditions.has(foldName(inner.name.text)),
  )
}

/** Every scope name, for "did you mean". */
export const scopeNames: readonly string[] = [
  ...scopeKinds.filter((kind) => kind !== 'global').map((kind) => scopeTitles[kind]),
  ...[...skippedScopes.keys()].filter((name) => name !== scopeTitles.cluster),
]
