// How each option of a policy is said in Momentum's language: its name there, and its value.

import type { ClusterCount } from '../../policy/cluster.ts'
import type { ErrorLogTarget } from '../../policy/error-log.ts'
import type {
  AuthenticatorValue,
  CapValue,
  DurationValue,
  FileListValue,
  OptionName,
  OptionValues,
  PathValue,
  TrustedProxies,
  UpstreamAddress,
} from '../../policy/options.ts'
import { printValue, quote } from './print.ts'

/** What stands behind the `=`; undefined: the language has no words for the value. */
type Say<T> = (value: T) => string | undefined

interface Words<T> {
  readonly name: string
  readonly say: Say<T>
}

/** Limits have a scope of their own, and no option. */
export type SaidOption = Exclude<OptionName, 'limitConns'>

const text: Say<string> = (value) => printValue({ text: value })
/** One of the words the option itself knows. */
const word: Say<string> = (value) => value
const number: Say<number> = String
const flag: Say<boolean> = String
const cap: Say<CapValue> = ({ capMax }) => String(capMax ?? 0)
const seconds: Say<DurationValue> = ({ ms }) => secondsText(ms ?? 0)
const path: Say<PathValue> = (value) => (value.path === undefined ? 'none' : quoted(value.path))
const texts: Say<readonly string[]> = (values) => list(values)
const count: Say<ClusterCount> = ({ isCounted, whenAway, block }) => {
  if (!isCounted || (whenAway === undefined && block === undefined)) return String(isCounted)
  return pairs([
    ...(whenAway === undefined ? [] : [['When_Away', whenAway] as const]),
    ...(block === undefined ? [] : [['Block', String(block)] as const]),
  ])
}
const octal: Say<number> = (value) => `0${value.toString(8)}`

/** Only a fraction needs a point. */
export function secondsText(ms: number): string {
  return String(ms / 1000)
}

export function quoted(value: string): string {
  return quote({ text: value })
}

function list(values: readonly string[]): string {
  return values.length === 0 ? '()' : `( ${values.map(quoted).join(' ')} )`
}

function addressText(address: UpstreamAddress): string {
  if (address.kind === 'unix') {
    return address.path.startsWith('/') ? address.path : `unix:${address.path}`
  }
  return hostPort(address.host, address.port)
}

function hostPort(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}

function upstreams(addresses: readonly UpstreamAddress[]): string {
  const [first, ...others] = addresses.map(addressText)
  return first !== undefined && others.length === 0
    ? quoted(first)
    : list(addresses.map(addressText))
}

function authenticator(value: AuthenticatorValue): string | undefined {
  if (value.kind === 'none') return 'none'
  if (value.kind === 'users') return quoted(value.file)
  if (value.kind === 'upstream') return 'true'
  const { address, host, uri, isTls } = value.server
  const scheme = isTls === true ? 'https' : 'http'
  if (address.kind === 'unix') {
    return quoted(`${isTls === true ? 'https://' : ''}unix:${address.path}:${uri}`)
  }
  return quoted(`${scheme}://${hostPort(host, address.port)}${uri}`)
}

function proxies({ blocks, isUnixTrusted }: TrustedProxies): string {
  return list([...blocks.map((block) => block.text), ...(isUnixTrusted ? ['unix:'] : [])])
}

function files({ files: found }: FileListValue): string {
  const [first, ...others] = found.map(({ value }) => value)
  if (first === undefined) return 'none'
  return others.length === 0 ? quoted(first) : list([first, ...others])
}

function pairs(entries: readonly (readonly [string, string])[]): string {
  const shown = entries.map(([name, value]) => `${dictionaryKey(name)} = ${quoted(value)}`)
  return shown.length === 0 ? '[]' : `[ ${shown.join(' ')} ]`
}

function dictionaryKey(name: string): string {
  return /^[A-Za-z0-9_.-]+$/.test(name) ? name : quoted(name)
}

/** One log as it is, several as a list. */
export function errorLogsText(logs: readonly ErrorLogTarget[]): string | undefined {
  const [first, ...others] = logs.map(logText)
  if (first === undefined) return undefined
  return others.length === 0 ? quoted(first) : list([first, ...others])
}

function logText({ path: file, level, recordsPerSecond }: ErrorLogTarget): string {
  return [
    file,
    level,
    ...(recordsPerSecond === undefined ? [] : [`rate=${recordsPerSecond}`]),
  ].join(' ')
}

const authenticatorNames = {
  none: 'Auth_HTTP',
  http: 'Auth_HTTP',
  users: 'Auth_Users',
  upstream: 'Auth_Upstream',
} as const

/** An authenticator has a name for each kind of it. */
export function momentumName<K extends SaidOption>(option: K, value?: OptionValues[K]): string {
  const { name } = momentumWords[option]
  return option === 'authenticator' && typeof value === 'object' && 'kind' in value
    ? authenticatorNames[(value as AuthenticatorValue).kind] // the value of that option
    : name
}

/** One entry per option; the type makes a forgotten one a compile error. */
export const momentumWords: { readonly [K in SaidOption]: Words<OptionValues[K]> } = {
  serviceSessions: { name: 'Service_Sessions', say: cap },
  listenerSessions: { name: 'Listener_Sessions', say: cap },
  serviceSessionsDryRun: { name: 'Service_Sessions_Dry_Run', say: flag },
  listenerSessionsDryRun: { name: 'Listener_Sessions_Dry_Run', say: flag },
  serviceSessionsCluster: { name: 'Service_Sessions_Cluster', say: count },
  listenerSessionsCluster: { name: 'Listener_Sessions_Cluster', say: count },
  idle: { name: 'Idle_Time', say: seconds },
  ecstreamIdle: { name: 'ECStream_Idle_Time', say: seconds },
  maxReceptions: { name: 'Max_Receptions_Per_Connection', say: cap },
  pathway: { name: 'Pathway', say: text },
  authenticator: { name: 'Auth_HTTP', say: authenticator },
  authFailDelay: { name: 'Auth_Fail_Delay', say: seconds },
  authHttpTimeout: { name: 'Auth_HTTP_Timeout', say: seconds },
  authHttpKeepalive: { name: 'Auth_HTTP_Keepalive', say: cap },
  authHttpTlsVerify: { name: 'Auth_HTTP_TLS_Verify', say: flag },
  authHttpTlsCa: { name: 'Auth_HTTP_TLS_CA', say: path },
  authHttpTlsName: { name: 'Auth_HTTP_TLS_Name', say: quoted },
  authHttpHeaders: {
    name: 'Auth_HTTP_Headers',
    say: (headers) => pairs(headers.map(({ name, value }) => [name, value])),
  },
  upstream: { name: 'Upstream', say: upstreams },
  upstreamProxyProtocol: { name: 'Upstream_Proxy_Protocol', say: word },
  upstreamXclient: { name: 'Upstream_XCLIENT', say: word },
  upstreamTls: { name: 'Upstream_TLS', say: word },
  upstreamTlsVerify: { name: 'Upstream_TLS_Verify', say: flag },
  upstreamTlsCa: { name: 'Upstream_TLS_CA', say: path },
  upstreamTlsName: { name: 'Upstream_TLS_Name', say: quoted },
  upstreamTlsSni: { name: 'Upstream_TLS_SNI', say: flag },
  upstreamTlsCertificate: { name: 'Upstream_TLS_Certificate', say: path },
  upstreamTlsKey: { name: 'Upstream_TLS_Key', say: path },
  upstreamTlsProtocols: {
    name: 'Upstream_TLS_Protocols',
    say: (versions) => quoted(versions.join(':')),
  },
  upstreamTlsCiphers: { name: 'Upstream_TLS_Ciphers', say: quoted },
  upstreamImapId: { name: 'Upstream_IMAP_ID', say: flag },
  proxySmtpAuth: { name: 'Upstream_SMTP_Auth', say: flag },
  proxyPassErrorMessage: { name: 'Upstream_Pass_Error_Message', say: flag },
  proxyBufferBytes: { name: 'Upstream_Buffer', say: number },
  proxyTimeout: { name: 'Proxy_Timeout', say: seconds },
  resolver: {
    name: 'Resolver',
    say: (servers) => (servers.length === 0 ? 'none' : list(servers.map((server) => server.text))),
  },
  resolverValid: { name: 'Resolver_Valid', say: seconds },
  resolverTimeout: { name: 'Resolver_Timeout', say: seconds },
  resolverIpv4: { name: 'Resolver_IPv4', say: flag },
  resolverIpv6: { name: 'Resolver_IPv6', say: flag },
  serverName: { name: 'Server_Name', say: text },
  bannerHostname: { name: 'Banner_Hostname', say: text },
  staticBanner: { name: 'Static_Banner', say: text },
  smtpExtensions: { name: 'SMTP_Extensions', say: texts },
  starttlsInjection: { name: 'Starttls_Injection_Policy', say: word },
  reconfigMessage: { name: 'Reconfig_Message', say: text },
  smtpGreetingDelay: { name: 'SMTP_Greeting_Delay', say: seconds },
  imapCapabilities: { name: 'IMAP_Capabilities', say: texts },
  pop3Capabilities: { name: 'POP3_Capabilities', say: texts },
  smtpCapabilities: { name: 'SMTP_Capabilities', say: texts },
  imapAuth: { name: 'IMAP_Auth', say: texts },
  pop3Auth: { name: 'POP3_Auth', say: texts },
  smtpAuth: { name: 'SMTP_Auth', say: texts },
  loginTimeout: { name: 'Login_Timeout', say: seconds },
  maxErrors: { name: 'Max_Errors', say: number },
  maxCommands: { name: 'Max_Commands', say: number },
  clientBufferBytes: { name: 'Client_Buffer_Size', say: number },
  limitConnDryRun: { name: 'Limit_Conn_Dry_Run', say: flag },
  limitConnLogLevel: { name: 'Limit_Conn_Log_Level', say: word },
  limitRate: { name: 'Limit_Rate', say: ({ bytesPerSecond }) => String(bytesPerSecond ?? 0) },
  limitRateAfter: { name: 'Limit_Rate_After', say: number },
  lingeringClose: { name: 'Lingering_Close', say: flag },
  lingeringTime: { name: 'Lingering_Time', say: ({ waitMs }) => secondsText(waitMs) },
  lingeringTimeout: { name: 'Lingering_Timeout', say: ({ waitMs }) => secondsText(waitMs) },
  starttls: { name: 'STARTTLS', say: word },
  useTls: { name: 'Use_SSL', say: flag },
  tlsCertificate: { name: 'TLS_Certificate', say: files },
  tlsKey: { name: 'TLS_Key', say: files },
  tlsPasswordFile: { name: 'TLS_Password_File', say: path },
  tlsTrustedCa: { name: 'TLS_Trusted_CA', say: path },
  tlsCrl: { name: 'TLS_CRL', say: path },
  tlsVerifyDepth: { name: 'TLS_Verify_Depth', say: number },
  tlsPreferServerCiphers: { name: 'TLS_Prefer_Server_Ciphers', say: flag },
  tlsCurves: { name: 'TLS_EC_Curve_Names', say: quoted },
  tlsDhParams: { name: 'TLS_DHParams_File', say: quoted },
  tlsSignatureAlgorithms: { name: 'TLS_Signature_Algorithms', say: quoted },
  tlsFlags: { name: 'TLS_Options', say: (flags) => quoted(flags.join(',')) },
  tlsSessionTickets: { name: 'TLS_Session_Tickets', say: flag },
  // The first alone seals and opens tickets.
  tlsTicketKey: {
    name: 'TLS_Session_Ticket_Key',
    say: ({ files: found }) => files({ files: found.slice(0, 1) }),
  },
  tlsSessionTimeout: { name: 'TLS_Session_Timeout', say: seconds },
  authHttpPassClientCert: { name: 'Auth_HTTP_Pass_Client_Cert', say: flag },
  tlsClientCa: { name: 'TLS_Client_CA', say: path },
  tlsVerifyMode: { name: 'TLS_Verify_Mode', say: word },
  tlsCiphers: { name: 'TLS_Ciphers', say: quoted },
  tlsCiphersuites: { name: 'TLSv13_Ciphersuites', say: quoted },
  tlsProtocols: { name: 'TLS_Protocols', say: (versions) => quoted(versions.join(':')) },
  tlsAllowRenegotiation: { name: 'TLS_Allow_Renegotiation', say: flag },
  enable: { name: 'Enable', say: flag },
  fileMode: { name: 'File_Mode', say: octal },
  listenBacklog: { name: 'Listen_Backlog', say: number },
  disableNagle: { name: 'Disable_Nagle_Algorithm', say: flag },
  proxyProtocol: { name: 'Proxy_Protocol', say: flag },
  proxyProtocolTimeout: { name: 'Proxy_Protocol_Timeout', say: seconds },
  realIpFrom: { name: 'Proxy_Protocol_From', say: proxies },
  errorLogs: { name: 'Error_Log', say: (logs) => errorLogsText(logs) },
  context: { name: 'Context', say: (entries) => pairs(Object.entries(entries)) },
}

/** Options in the order in which they are written. */
export const writtenOptions: readonly SaidOption[] = Object.keys(momentumWords) as SaidOption[] // keys of a literal typed by SaidOption
