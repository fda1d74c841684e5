// How each option of a policy is said in nginx's language: the directives, and their arguments.

import type { ErrorLogTarget } from '../../policy/error-log.ts'
import type {
  AuthenticatorValue,
  CapValue,
  DurationValue,
  FileListValue,
  LimitConn,
  OptionName,
  OptionValues,
  PathValue,
  TrustedProxies,
  UpstreamAddress,
} from '../../policy/options.ts'
import type { ServiceName } from '../../policy/policy.ts'

/** Arguments of one directive; several directives of the name, or none; undefined: no words. */
type Say<T> = (value: T) => readonly (readonly string[])[] | undefined

interface Words<T> {
  /** The directive, or what there is in its place. */
  readonly name: string
  /** Absent: it is said in another place, as a parameter of `listen`. */
  readonly say?: Say<T>
}

const one = (...args: readonly string[]): readonly (readonly string[])[] => [args]

const text: Say<string> = (value) => one(value)
const number: Say<number> = (value) => one(String(value))
const flag: Say<boolean> = (value) => one(value ? 'on' : 'off')
const cap: Say<CapValue> = ({ capMax }) => one(String(capMax ?? 0))
const time: Say<DurationValue> = ({ ms }) => one(timeText(ms ?? 0))
/** A wait of 0 means something else than no limit here. */
const bounded: Say<DurationValue> = ({ ms }) => one(timeText(ms ?? 0))
const path: Say<PathValue> = (value) => (value.path === undefined ? [] : one(value.path))
/** An empty list is no list, which would be the inherited one or the default. */
const words: Say<readonly string[]> = (values) => (values.length === 0 ? undefined : [values])
const files: Say<FileListValue> = (value) => value.files.map((file) => [file.value])

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
  [1, 'ms'],
] as const

/** In the largest unit that needs no fraction: `90s`, `5m`, `1500ms`. */
export function timeText(ms: number): string {
  if (ms === 0) return '0'
  const [size, unit] = units.find(([each]) => ms % each === 0) ?? [1, 'ms']
  return `${ms / size}${unit}`
}

export function sizeText(bytes: number): string {
  if (bytes === 0) return '0'
  if (bytes % 1_048_576 === 0) return `${bytes / 1_048_576}m`
  return bytes % 1024 === 0 ? `${bytes / 1024}k` : String(bytes)
}

function addressText(address: UpstreamAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return hostPort(address.host, address.port)
}

function hostPort(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}

const authenticator: Say<AuthenticatorValue> = (value) => {
  if (value.kind === 'none') return one('off')
  if (value.kind === 'users') return one(value.file)
  if (value.kind === 'upstream') return one('on')
  const { address, host, uri, isTls } = value.server
  const scheme = isTls === true ? 'https' : 'http'
  if (address.kind === 'unix') {
    return one(`${isTls === true ? 'https://' : ''}unix:${address.path}:${uri}`)
  }
  return one(`${scheme}://${hostPort(host, address.port)}${uri}`)
}

export function errorLogWords({ path: file, level, recordsPerSecond }: ErrorLogTarget): string[] {
  return [file, level, ...(recordsPerSecond === undefined ? [] : [`rate=${recordsPerSecond}`])]
}

const proxies: Say<TrustedProxies> = ({ blocks, isUnixTrusted }) => [
  ...blocks.map((block) => [block.text]),
  ...(isUnixTrusted ? [['unix:']] : []),
]

const xclientWords = {
  no: 'off',
  ifavailable: 'on',
  required: 'required',
  always: 'always',
} as const
const proxyWords = { off: 'off', v1: 'on', v2: 'v2' } as const
const verifyWords = {
  none: 'off',
  on: 'on',
  optional: 'optional',
  optional_no_ca: 'optional_no_ca',
  require: 'require',
  lenient: 'lenient',
} as const

const limits: Say<readonly LimitConn[]> = (found) =>
  found.map(({ zone, capMax, isDryRun, logLevel }) => [
    zone,
    String(capMax),
    ...(isDryRun === undefined ? [] : [`dry_run=${isDryRun ? 'on' : 'off'}`]),
    ...(logLevel === undefined ? [] : [`log_level=${logLevel}`]),
  ])

/** One entry per option; the type makes a forgotten one a compile error. */
export const nginxWords: { readonly [K in OptionName]: Words<OptionValues[K]> } = {
  serviceSessions: { name: 'service_sessions', say: cap },
  serviceSessionsDryRun: { name: 'service_sessions_dry_run', say: flag },
  listenerSessions: { name: 'listener_sessions', say: cap },
  listenerSessionsDryRun: { name: 'listener_sessions_dry_run', say: flag },
  // Parameters of the cap itself; see say-option.ts.
  serviceSessionsCluster: { name: 'service_sessions ... cluster' },
  listenerSessionsCluster: { name: 'listener_sessions ... cluster' },
  idle: { name: 'idle_time', say: time },
  ecstreamIdle: { name: 'ecstream_idle_time', say: time },
  authenticator: { name: 'auth_http', say: authenticator },
  authFailDelay: { name: 'auth_fail_delay', say: time },
  authHttpTimeout: { name: 'auth_http_timeout', say: bounded },
  authHttpKeepalive: {
    name: 'auth_http_keepalive',
    say: ({ capMax }) => one(capMax === undefined ? 'off' : String(capMax)),
  },
  authHttpTlsVerify: { name: 'auth_http_ssl_verify', say: flag },
  authHttpTlsCa: { name: 'auth_http_ssl_trusted_certificate', say: path },
  authHttpTlsName: { name: 'auth_http_ssl_name', say: text },
  authHttpHeaders: {
    name: 'auth_http_header',
    say: (headers) =>
      headers.length === 0 ? undefined : headers.map(({ name, value }) => [name, value]),
  },
  authHttpPassClientCert: { name: 'auth_http_pass_client_cert', say: flag },
  upstream: { name: 'proxy_pass', say: (addresses) => [addresses.map(addressText)] },
  upstreamProxyProtocol: { name: 'proxy_protocol', say: (version) => one(proxyWords[version]) },
  upstreamXclient: { name: 'xclient', say: (mode) => one(xclientWords[mode]) },
  upstreamTls: { name: 'proxy_ssl', say: text },
  upstreamTlsVerify: { name: 'proxy_ssl_verify', say: flag },
  upstreamTlsCa: { name: 'proxy_ssl_trusted_certificate', say: path },
  upstreamTlsName: { name: 'proxy_ssl_name', say: text },
  upstreamTlsSni: { name: 'proxy_ssl_server_name', say: flag },
  upstreamTlsCertificate: { name: 'proxy_ssl_certificate', say: path },
  upstreamTlsKey: { name: 'proxy_ssl_certificate_key', say: path },
  upstreamTlsProtocols: { name: 'proxy_ssl_protocols', say: words },
  upstreamTlsCiphers: { name: 'proxy_ssl_ciphers', say: text },
  upstreamImapId: { name: 'proxy_imap_id', say: flag },
  proxySmtpAuth: { name: 'proxy_smtp_auth', say: flag },
  proxyPassErrorMessage: { name: 'proxy_pass_error_message', say: flag },
  proxyBufferBytes: { name: 'proxy_buffer', say: (bytes) => one(sizeText(bytes)) },
  proxyTimeout: { name: 'proxy_timeout', say: bounded },
  resolver: {
    name: 'resolver',
    say: (servers) => (servers.length === 0 ? one('off') : [servers.map((server) => server.text)]),
  },
  // Parameters of `resolver`; see say-option.ts.
  resolverValid: { name: 'resolver ... valid=' },
  resolverIpv4: { name: 'resolver ... ipv4=' },
  resolverIpv6: { name: 'resolver ... ipv6=' },
  resolverTimeout: { name: 'resolver_timeout', say: bounded },
  serverName: { name: 'server_name', say: text },
  loginTimeout: { name: 'timeout', say: bounded },
  maxErrors: { name: 'max_errors', say: number },
  maxCommands: { name: 'max_commands', say: number },
  // Each protocol has its own; POP3 has none.
  clientBufferBytes: { name: 'client_buffer', say: (bytes) => one(sizeText(bytes)) },
  imapCapabilities: { name: 'imap_capabilities', say: words },
  imapAuth: { name: 'imap_auth', say: words },
  pop3Capabilities: { name: 'pop3_capabilities', say: words },
  pop3Auth: { name: 'pop3_auth', say: words },
  smtpCapabilities: { name: 'smtp_capabilities', say: words },
  smtpAuth: { name: 'smtp_auth', say: words },
  smtpGreetingDelay: { name: 'smtp_greeting_delay', say: time },
  bannerHostname: { name: 'smtp_banner_hostname', say: text },
  staticBanner: { name: 'smtp_static_banner', say: text },
  smtpExtensions: { name: 'smtp_extensions', say: words },
  starttlsInjection: { name: 'smtp_starttls_injection', say: text },
  maxReceptions: { name: 'smtp_max_receptions', say: cap },
  reconfigMessage: { name: 'reconfig_message', say: text },
  limitConns: { name: 'limit_conn', say: limits },
  limitConnDryRun: { name: 'limit_conn_dry_run', say: flag },
  limitConnLogLevel: { name: 'limit_conn_log_level', say: text },
  limitRate: { name: 'limit_rate', say: (rate) => one(sizeText(rate.bytesPerSecond ?? 0)) },
  limitRateAfter: { name: 'limit_rate_after', say: (bytes) => one(sizeText(bytes)) },
  lingeringClose: { name: 'lingering_close', say: flag },
  lingeringTime: { name: 'lingering_time', say: ({ waitMs }) => one(timeText(waitMs)) },
  lingeringTimeout: { name: 'lingering_timeout', say: ({ waitMs }) => one(timeText(waitMs)) },
  starttls: { name: 'starttls', say: text },
  tlsCertificate: { name: 'ssl_certificate', say: files },
  tlsKey: { name: 'ssl_certificate_key', say: files },
  tlsPasswordFile: { name: 'ssl_password_file', say: path },
  tlsClientCa: { name: 'ssl_client_certificate', say: path },
  tlsTrustedCa: { name: 'ssl_trusted_certificate', say: path },
  tlsCrl: { name: 'ssl_crl', say: path },
  tlsVerifyMode: { name: 'ssl_verify_client', say: (mode) => one(verifyWords[mode]) },
  tlsVerifyDepth: { name: 'ssl_verify_depth', say: number },
  tlsCiphers: { name: 'ssl_ciphers', say: text },
  tlsCiphersuites: { name: 'ssl_conf_command', say: (suites) => one('Ciphersuites', suites) },
  tlsPreferServerCiphers: { name: 'ssl_prefer_server_ciphers', say: flag },
  tlsProtocols: { name: 'ssl_protocols', say: words },
  tlsCurves: { name: 'ssl_ecdh_curve', say: text },
  tlsDhParams: { name: 'ssl_dhparam', say: text },
  tlsSignatureAlgorithms: {
    name: 'ssl_conf_command',
    say: (algorithms) => one('SignatureAlgorithms', algorithms),
  },
  tlsFlags: { name: 'ssl_conf_command', say: (flags) => one('Options', flags.join(',')) },
  tlsSessionTickets: { name: 'ssl_session_tickets', say: flag },
  tlsTicketKey: { name: 'ssl_session_ticket_key', say: files },
  tlsSessionTimeout: { name: 'ssl_session_timeout', say: bounded },
  tlsAllowRenegotiation: { name: 'ssl_renegotiation', say: flag },
  realIpFrom: { name: 'set_real_ip_from', say: proxies },
  proxyProtocolTimeout: { name: 'proxy_protocol_timeout', say: time },
  disableNagle: { name: 'tcp_nodelay', say: flag },
  errorLogs: {
    name: 'error_log',
    say: (logs) => (logs.length === 0 ? undefined : logs.map(errorLogWords)),
  },
  context: { name: 'context', say: (entries) => Object.entries(entries) },
  useTls: { name: 'listen ... ssl' },
  proxyProtocol: { name: 'listen ... proxy_protocol' },
  listenBacklog: { name: 'listen ... backlog=' },
  fileMode: { name: 'listen ... mode=' },
  enable: { name: 'listen' },
  pathway: { name: 'pathway' },
}

/** Options in the order in which they are written. */
export const writtenOptions: readonly OptionName[] = Object.keys(nginxWords) as OptionName[] // keys of a literal typed by OptionName

/** The directive of an option in a server of one protocol. */
export function directiveName(option: OptionName, value: unknown, service: ServiceName): string {
  if (option === 'clientBufferBytes') return `${service}_client_buffer`
  return wordOf(option, value)
}

/** What the language calls an option, whatever the protocol. */
export function wordOf(option: OptionName, value?: unknown): string {
  if (option !== 'authenticator' || value === undefined) return nginxWords[option].name
  return authenticatorNames[(value as AuthenticatorValue).kind] // the value of that option
}

const authenticatorNames = {
  none: 'auth_http',
  http: 'auth_http',
  users: 'auth_users',
  upstream: 'auth_upstream',
} as const
