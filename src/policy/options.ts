// Every option that may stand in a scope of a policy, with the type of its value.

import type { Block } from '../base/address.ts'
import type { Sourced, Span } from '../base/diagnostic.ts'
import type { ClusterCount } from './cluster.ts'
import type { ErrorLogTarget } from './error-log.ts'
import type { NameServer } from './name-server.ts'

/** A cap. `capMax` absent means: set, and no limit (Momentum's 0). */
export interface CapValue {
  readonly capMax?: number
}

/** A time span. `ms` absent means: set, and never (Momentum's 0). */
export interface DurationValue {
  readonly ms?: number
}

/** A bounded wait. */
export interface LingerValue {
  readonly waitMs: number
}

/** A rate. `bytesPerSecond` absent means: set, and no limit (freenginx's 0). */
export interface RateValue {
  readonly bytesPerSecond?: number
}

/** A path, or the explicit absence of one (`none` cancels an outer value). */
export interface PathValue {
  readonly path?: string
}

/** Files in their order, each with its own place; none at all cancels an outer value. */
export interface FileListValue {
  readonly files: readonly Sourced<string>[]
}

/** One address of a mail server behind us. */
export type UpstreamAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

export type ProxyVersion = 'off' | 'v1' | 'v2'
/** `always`: without looking at what the upstream offers, after a login (nginx `xclient on`). */
export type XclientMode = 'no' | 'ifavailable' | 'required' | 'always'
/**
 * `lenient`: asked for, and verified, and nothing comes of it (Momentum's unset value). `require`:
 * without a certificate that passes there is no handshake. The others are nginx's
 * `ssl_verify_client`: what does not pass is told so inside TLS.
 */
export type TlsVerifyMode = 'none' | 'lenient' | 'require' | 'on' | 'optional' | 'optional_no_ca'
export type StarttlsInjection = 'reject' | 'ignore' | 'allow'

/** Whose PROXY headers are believed (freenginx `set_real_ip_from`). */
export interface TrustedProxies {
  readonly blocks: readonly Block[]
  /** Clients of a Unix socket. */
  readonly isUnixTrusted: boolean
}

/** How loud a limit of the authenticated stage is (freenginx `limit_conn_log_level`). */
export type LimitLogLevel = 'info' | 'notice' | 'warn' | 'error'

/** One `limit_conn`: at most so many sessions with one key value of a zone. */
export interface LimitConn {
  readonly zone: string
  readonly capMax: number
  /** Absent: what `limitConnDryRun` says around it. */
  readonly isDryRun?: boolean
  /** Absent: what `limitConnLogLevel` says around it. */
  readonly logLevel?: LimitLogLevel
  readonly span: Span
}

/** Where logins are asked about (freenginx `auth_http`). */
export interface AuthHttpServer {
  readonly address: UpstreamAddress
  /** The host without a port; `localhost` for a Unix socket. */
  readonly host: string
  readonly uri: string
  /** `https`. */
  readonly isTls?: true
}

/** Who decides whether a login is right. `none` cancels the value of an outer scope. */
export type AuthenticatorValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'http'; readonly server: AuthHttpServer }
  /** A file of users and the hashes of their passwords. */
  | { readonly kind: 'users'; readonly file: string }
  /** The upstream itself: what it takes is right. */
  | { readonly kind: 'upstream' }

/** One header that goes to the auth server with every question. */
export interface AuthHttpHeader {
  readonly name: string
  readonly value: string
}

/** A way to log in that is offered (freenginx `imap_auth` and its like). */
export type LoginMethod =
  'plain' | 'login' | 'apop' | 'cram-md5' | 'external' | 'xoauth2' | 'oauthbearer' | 'none'

export type UpstreamTlsMode = 'off' | 'on' | 'starttls'
export type StarttlsMode = 'off' | 'on' | 'only'

/** The value type of each option. Which scopes allow which option is the dialect's business. */
export interface OptionValues {
  readonly serviceSessions: CapValue
  readonly listenerSessions: CapValue
  readonly serviceSessionsDryRun: boolean
  readonly listenerSessionsDryRun: boolean
  /** Whether the cap beside it counts over all nodes. */
  readonly serviceSessionsCluster: ClusterCount
  readonly listenerSessionsCluster: ClusterCount
  readonly idle: DurationValue
  readonly ecstreamIdle: DurationValue
  readonly pathway: string
  readonly upstream: readonly UpstreamAddress[]
  readonly upstreamProxyProtocol: ProxyVersion
  readonly upstreamXclient: XclientMode
  /** Whether what goes to the upstream is encrypted, and since when. */
  readonly upstreamTls: UpstreamTlsMode
  /** The upstream's certificate must be of a trusted authority and have the right name. */
  readonly upstreamTlsVerify: boolean
  /** The authorities trusted; absent: those that Node knows. */
  readonly upstreamTlsCa: PathValue
  /** Absent: the host of the upstream's address. */
  readonly upstreamTlsName: string
  /** The upstream is told the name (SNI). */
  readonly upstreamTlsSni: boolean
  readonly upstreamTlsCertificate: PathValue
  readonly upstreamTlsKey: PathValue
  readonly upstreamTlsProtocols: readonly TlsVersion[]
  /** OpenSSL cipher list for TLS 1.2 and older. */
  readonly upstreamTlsCiphers: string
  readonly proxyProtocol: boolean
  readonly proxyProtocolTimeout: DurationValue
  /** Absent: every PROXY header is believed (momentum Proxy_Protocol). */
  readonly realIpFrom: TrustedProxies
  readonly useTls: boolean
  /** Certificates with their chains. Clients get the one whose name they ask for, else the first. */
  readonly tlsCertificate: FileListValue
  /** The keys in the same order; absent: they are in the files of the certificates. */
  readonly tlsKey: FileListValue
  /** One passphrase a line; each is tried. */
  readonly tlsPasswordFile: PathValue
  readonly tlsClientCa: PathValue
  /** Authorities for clients' certificates beside those of `tlsClientCa`. */
  readonly tlsTrustedCa: PathValue
  /** Certificates that were revoked. */
  readonly tlsCrl: PathValue
  readonly tlsVerifyMode: TlsVerifyMode
  /** So many authorities may stand between a client's certificate and the root. Absent: any number. */
  readonly tlsVerifyDepth: number
  /** OpenSSL cipher list for TLS 1.2 and older. */
  readonly tlsCiphers: string
  /** TLS 1.3 suites, colon separated. */
  readonly tlsCiphersuites: string
  readonly tlsPreferServerCiphers: boolean
  /** In order; a version in the middle may be missing. */
  readonly tlsProtocols: readonly TlsVersion[]
  /** Groups for the key exchange, colon separated; `auto`: the library's. */
  readonly tlsCurves: string
  /** Parameters for ciphers with DHE; `auto`: the library's. */
  readonly tlsDhParams: string
  /** Colon separated. */
  readonly tlsSignatureAlgorithms: string
  /** OpenSSL's switches, as in `PrioritizeChaCha` and `-EncryptThenMac`. */
  readonly tlsFlags: readonly string[]
  readonly tlsSessionTickets: boolean
  /** Keys that tickets are sealed with; absent: made anew with every policy. */
  readonly tlsTicketKey: FileListValue
  /** How long a client may come back to its TLS session. */
  readonly tlsSessionTimeout: DurationValue
  readonly tlsAllowRenegotiation: boolean
  readonly enable: boolean
  /** Unix socket mode bits, e.g. 0o660. */
  readonly fileMode: number
  readonly listenBacklog: number
  readonly disableNagle: boolean
  /** Logs of the sessions here, in place of the outer ones (nginx `error_log`). */
  readonly errorLogs: readonly ErrorLogTarget[]
  /** After our last word to a client, its own close is waited for (freenginx `lingering_close`). */
  readonly lingeringClose: boolean
  /** How long in all, and how long in silence: never more than SEMANTICS S2 allows; 0 is at once. */
  readonly lingeringTime: LingerValue
  readonly lingeringTimeout: LingerValue
  /** Messages per session. */
  readonly maxReceptions: CapValue
  /** How fast each client is sent to (freenginx `limit_rate`). */
  readonly limitRate: RateValue
  /** Bytes to each client before that rate holds. */
  readonly limitRateAfter: number
  readonly bannerHostname: string
  readonly staticBanner: string
  readonly context: Readonly<Record<string, string>>
  readonly smtpExtensions: readonly string[]
  readonly starttlsInjection: StarttlsInjection
  /** Text after `421 ` for sessions of an older policy; unset: they go on undisturbed. */
  readonly reconfigMessage: string
  /** All limits of the scope, in their order; an inner list replaces an outer one (SEMANTICS S14). */
  readonly limitConns: readonly LimitConn[]
  readonly limitConnDryRun: boolean
  readonly limitConnLogLevel: LimitLogLevel
  /** Set, and not `none`: sessions log in here before they reach their upstream. */
  readonly authenticator: AuthenticatorValue
  /** How long a wrong login waits for its answer where we decide about it ourselves. */
  readonly authFailDelay: DurationValue
  /** From connecting to the auth server to its last header. */
  readonly authHttpTimeout: DurationValue
  readonly authHttpHeaders: readonly AuthHttpHeader[]
  /** Idle connections kept to each auth server; absent `capMax`: one for each question. */
  readonly authHttpKeepalive: CapValue
  readonly authHttpTlsVerify: boolean
  /** Authorities trusted for auth servers; absent: those of Node.js. */
  readonly authHttpTlsCa: PathValue
  /** The name in the auth server's certificate; absent: the host of its URL. */
  readonly authHttpTlsName: string
  /** The client's certificate goes to the auth server, too. */
  readonly authHttpPassClientCert: boolean
  /** Our name in SMTP's replies and in salts; absent: the machine's. */
  readonly serverName: string
  /** How long a client may take to log in, and its upstream to take it (freenginx `timeout`). */
  readonly loginTimeout: DurationValue
  /** Commands that cannot be read until the session ends (freenginx `max_errors`). */
  readonly maxErrors: number
  /** Commands before login (freenginx `max_commands`). */
  readonly maxCommands: number
  /** The longest command before login, literals included. */
  readonly clientBufferBytes: number
  readonly imapCapabilities: readonly string[]
  readonly imapAuth: readonly LoginMethod[]
  readonly pop3Capabilities: readonly string[]
  readonly pop3Auth: readonly LoginMethod[]
  readonly smtpCapabilities: readonly string[]
  readonly smtpAuth: readonly LoginMethod[]
  /** Absent `ms`: the greeting comes at once. */
  readonly smtpGreetingDelay: DurationValue
  /** Who is asked for the names of SMTP clients; empty: nobody (freenginx `resolver off`). */
  readonly resolver: readonly NameServer[]
  /** How long a name holds; absent `ms`: as long as DNS says. */
  readonly resolverValid: DurationValue
  /** For one client's name, all questions together. */
  readonly resolverTimeout: DurationValue
  /** A client's name may point to it by an IPv4 address. */
  readonly resolverIpv4: boolean
  readonly resolverIpv6: boolean
  readonly starttls: StarttlsMode
  /** Silence of both sides after login until the session ends (freenginx `proxy_timeout`). */
  readonly proxyTimeout: DurationValue
  /** The client reads the upstream's own words when its login fails there. */
  readonly proxyPassErrorMessage: boolean
  /** The longest reply of an upstream before the relay; absent: the gate's own bounds. */
  readonly proxyBufferBytes: number
  /** AUTH PLAIN goes to the upstream. */
  readonly proxySmtpAuth: boolean
  /** An IMAP upstream that offers ID is told the client's address before the login. */
  readonly upstreamImapId: boolean
}

/** From the oldest to the newest. */
export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
export type TlsVersion = (typeof tlsVersions)[number]

export type OptionName = keyof OptionValues

/** What a scope sets. Absent means unset, which differs from every value. */
export type Options = { readonly [K in OptionName]?: Sourced<OptionValues[K]> }
