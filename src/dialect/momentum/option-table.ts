// Every option of the Momentum dialect: where it may stand, what its value is, what Postern does.
// Scopes and spelling from the manual's options summary (momentum.md section 3) and CONTRACT.md.

import { lingeringTimeMaxMs, lingeringTimeoutMaxMs } from '../../policy/defaults.ts'
import { authHttp, authUpstream, authUsers } from './authenticator-values.ts'
import { clusterOptions } from './cluster-options.ts'
import { sessionsCluster } from './cluster-values.ts'
import { adminEndpoint, errorLogs, upstreams, workers } from './daemon-values.ts'
import { ignoredOptions } from './ignored-options.ts'
import {
  limitCap,
  limitDryRun,
  limitLogLevel,
  zoneFold,
  zoneKey,
  zoneNet,
  zoneSize,
} from './limit-values.ts'
import { loginOptions, trustOption } from './login-options.ts'
import { cap, integer, permissions, rate, seconds, wait } from './numbers.ts'
import {
  alsoGlobal,
  daemon,
  ofAuthenticator,
  ofLimit,
  ofListen,
  ofZone,
  works,
} from './option-spec.ts'
import type { OptionSpec, Remark } from './option-spec.ts'
import { resolverOptions } from './resolver-options.ts'
import { hostName, reconfigMessage, staticBanner } from './smtp-values.ts'
import { foldName } from './syntax.ts'
import { tlsOptions } from './tls-options.ts'
import { upstreamTlsOptions } from './upstream-tls-options.ts'
import { choice, flag, textDictionary, textList, textType } from './values.ts'

const sessionScopes = 'E S I O L W WG P'
const socketScopes = 'E S I O L'

/** The seed describes the option for ECStream, the list of its scopes leaves the listener out. */
const ecstreamSessions: Remark = {
  scopes: ['ecstream_listener'],
  severity: 'warning',
  code: 'momentum.undocumented_scope',
  message: "works here; Momentum's manual lists it for the Listen inside, not for the listener",
}

const idleAddition: Remark = {
  scopes: ['ecstream_listener'],
  severity: 'note',
  code: 'momentum.postern_addition',
  message: "is valid here in Postern only; Momentum's list of scopes does not have it",
}

const caps: readonly OptionSpec[] = [
  works('Service_Sessions', {
    key: 'serviceSessions',
    scopes: sessionScopes,
    type: cap,
    remark: ecstreamSessions,
  }),
  works('Listener_Sessions', {
    key: 'listenerSessions',
    scopes: sessionScopes,
    type: cap,
    remark: ecstreamSessions,
  }),
  works('Service_Sessions_Dry_Run', {
    key: 'serviceSessionsDryRun',
    scopes: sessionScopes,
    type: flag,
  }),
  works('Listener_Sessions_Dry_Run', {
    key: 'listenerSessionsDryRun',
    scopes: sessionScopes,
    type: flag,
  }),
  works('Service_Sessions_Cluster', {
    key: 'serviceSessionsCluster',
    scopes: sessionScopes,
    type: sessionsCluster,
  }),
  works('Listener_Sessions_Cluster', {
    key: 'listenerSessionsCluster',
    scopes: sessionScopes,
    type: sessionsCluster,
  }),
  works('Idle_Time', { key: 'idle', scopes: sessionScopes, type: seconds, remark: idleAddition }),
  works('ECStream_Idle_Time', {
    key: 'ecstreamIdle',
    scopes: 'S L W WG P',
    type: seconds,
    services: ['ecstream'],
  }),
  works('Lingering_Close', { key: 'lingeringClose', scopes: sessionScopes, type: flag }),
  works('Lingering_Time', {
    key: 'lingeringTime',
    scopes: sessionScopes,
    type: wait(lingeringTimeMaxMs),
  }),
  works('Lingering_Timeout', {
    key: 'lingeringTimeout',
    scopes: sessionScopes,
    type: wait(lingeringTimeoutMaxMs),
  }),
  works('Max_Receptions_Per_Connection', {
    key: 'maxReceptions',
    scopes: 'G E L W WG P',
    type: cap,
    services: ['smtp'],
  }),
]

const rates: readonly OptionSpec[] = [
  works('Limit_Rate', { key: 'limitRate', scopes: sessionScopes, type: rate }),
  works('Limit_Rate_After', {
    key: 'limitRateAfter',
    scopes: sessionScopes,
    type: integer(0, 2_147_483_647),
  }),
]

const routing: readonly OptionSpec[] = [
  works('Pathway', {
    key: 'pathway',
    scopes: 'E S I O L P',
    type: textType('the name of a pathway', '"p"'),
  }),
  ofAuthenticator('Auth_HTTP', 'http', authHttp),
  ofAuthenticator('Auth_Users', 'users', authUsers),
  ofAuthenticator('Auth_Upstream', 'upstream', authUpstream),
  works('Auth_Fail_Delay', {
    key: 'authFailDelay',
    scopes: 'E I O L W WG P',
    type: seconds,
    services: ['smtp', 'imap', 'pop3'],
  }),
  works('Auth_HTTP_Pass_Client_Cert', {
    key: 'authHttpPassClientCert',
    scopes: 'E I O L W WG P',
    type: flag,
    services: ['smtp', 'imap', 'pop3'],
  }),
  works('Upstream', { key: 'upstream', scopes: sessionScopes, type: upstreams }),
  works('Upstream_Proxy_Protocol', {
    key: 'upstreamProxyProtocol',
    scopes: sessionScopes,
    type: choice(['off', 'v1', 'v2']),
  }),
  works('Upstream_XCLIENT', {
    key: 'upstreamXclient',
    scopes: 'E O L W WG P',
    type: choice(['no', 'ifavailable', 'required', 'always']),
    services: ['smtp', 'pop3'],
  }),
  works('Upstream_IMAP_ID', {
    key: 'upstreamImapId',
    scopes: 'I L W WG P',
    type: flag,
    services: ['imap'],
  }),
  // Momentum's own option is about the mail it sends on; the gate sends on to its upstreams.
  works('XCLIENT', {
    key: 'upstreamXclient',
    scopes: 'G',
    type: choice(['no', 'ifavailable', 'required']),
  }),
  works('Context', { key: 'context', scopes: 'E I O L W WG P', type: textDictionary }),
]

const greeting: readonly OptionSpec[] = [
  works('Banner_Hostname', {
    key: 'bannerHostname',
    scopes: 'E L W WG P',
    type: hostName,
    services: ['smtp'],
  }),
  works('Static_Banner', {
    key: 'staticBanner',
    scopes: 'E L W WG P',
    type: staticBanner,
    services: ['smtp'],
  }),
  works('SMTP_Extensions', {
    key: 'smtpExtensions',
    scopes: 'E L W WG P',
    type: textList('( "PIPELINING" "8BITMIME" )'),
    services: ['smtp'],
  }),
  works('Starttls_Injection_Policy', {
    key: 'starttlsInjection',
    scopes: 'E L W WG P',
    type: choice(['reject', 'ignore', 'allow']),
    services: ['smtp'],
  }),
  works('Reconfig_Message', { key: 'reconfigMessage', scopes: 'E', type: reconfigMessage }),
]

const proxyRefusal = {
  scope: 'peer',
  reason: 'the header tells which Peer it is, so it is read before any Peer is known',
} as const

const sockets: readonly OptionSpec[] = [
  ofListen('IPv6_Only', flag),
  works('Enable', { key: 'enable', scopes: socketScopes, type: flag }),
  works('File_Mode', { key: 'fileMode', scopes: socketScopes, type: permissions }),
  // The kernel's own bound (somaxconn) is lower everywhere; this is what its field holds.
  works('Listen_Backlog', { key: 'listenBacklog', scopes: socketScopes, type: integer(1, 65_535) }),
  works('Disable_Nagle_Algorithm', {
    key: 'disableNagle',
    scopes: `G ${socketScopes}`,
    type: flag,
  }),
  works('Proxy_Protocol', {
    key: 'proxyProtocol',
    scopes: socketScopes,
    type: flag,
    refusal: proxyRefusal,
  }),
  works('Proxy_Protocol_Timeout', {
    key: 'proxyProtocolTimeout',
    scopes: socketScopes,
    type: seconds,
    refusal: proxyRefusal,
  }),
]

const limits: readonly OptionSpec[] = [
  ofZone('Key', 'key', zoneKey),
  ofZone('Size', 'sizeBytes', zoneSize),
  ofZone('Fold_Case', 'foldsCase', zoneFold),
  ofZone('Net', 'net', zoneNet),
  ofLimit('Sessions', 'capMax', limitCap),
  ofLimit('Dry_Run', 'isDryRun', limitDryRun),
  ofLimit('Log_Level', 'logLevel', limitLogLevel),
]

/** Linux has no more descriptors than this for one process (fs.nr_open). */
const openFilesMax = 1_073_741_816

/** The log of everything, or in a listener the log of its sessions. */
const errorLogRow: OptionSpec = alsoGlobal(
  works('Error_Log', { key: 'errorLogs', scopes: socketScopes, type: errorLogs }),
  daemon('Error_Log', 'errorLogs', errorLogs),
)

/** Every option, grouped by what it is about. */
export const optionTable: readonly OptionSpec[] = [
  ...caps,
  ...rates,
  ...resolverOptions,
  ...routing,
  ...greeting,
  ...tlsOptions,
  ...upstreamTlsOptions,
  ...sockets,
  ...limits,
  ...clusterOptions,
  ...loginOptions,
  trustOption,
  daemon('Daemon', 'isDetached', flag),
  daemon('PIDFile', 'pidFile', textType('a path', '"postern.pid"')),
  errorLogRow,
  daemon('Log_Format', 'logFormat', choice(['nginx', 'json'])),
  daemon('Server_Max_File_Descriptors', 'openFiles', integer(1, openFilesMax)),
  daemon('Shutdown_Timeout', 'shutdownTimeout', seconds),
  daemon('Workers', 'workers', workers),
  daemon('Admin', 'admin', adminEndpoint),
  daemon('Admin_Token_File', 'adminTokenFile', textType('a path', '"admin.token"')),
  daemon('Admin_TLS_Certificate', 'adminCertificate', textType('a path', '"tls/admin.pem"')),
  daemon('Admin_TLS_Key', 'adminKey', textType('a path', '"tls/admin.key"')),
  ...ignoredOptions,
]

const byFold: ReadonlyMap<string, OptionSpec> = new Map(
  optionTable.map((spec) => [foldName(spec.name), spec]),
)

/** The option with this name, in any case. */
export function optionSpec(name: string): OptionSpec | undefined {
  return byFold.get(foldName(name))
}
