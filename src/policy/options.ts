// Every option that may stand in a scope of a policy, with the type of its value.

import type { Sourced, Span } from '../base/diagnostic.ts'

/** A cap. `capMax` absent means: set, and no limit (Momentum's 0). */
export interface CapValue {
  readonly capMax?: number
}

/** A time span. `ms` absent means: set, and never (Momentum's 0). */
export interface DurationValue {
  readonly ms?: number
}

/** A path, or the explicit absence of one (`none` cancels an outer value). */
export interface PathValue {
  readonly path?: string
}

/** One address of a mail server behind us. */
export type UpstreamAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

export type ProxyVersion = 'off' | 'v1' | 'v2'
export type XclientMode = 'no' | 'ifavailable' | 'required'
/** `optional`: asked for, and verified when the client sends one (Momentum's unset value). */
export type TlsVerifyMode = 'none' | 'optional' | 'require'
export type StarttlsInjection = 'reject' | 'ignore' | 'allow'

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

/** The value type of each option. Which scopes allow which option is the dialect's business. */
export interface OptionValues {
  readonly serviceSessions: CapValue
  readonly listenerSessions: CapValue
  readonly serviceSessionsDryRun: boolean
  readonly listenerSessionsDryRun: boolean
  readonly idle: DurationValue
  readonly ecstreamIdle: DurationValue
  readonly pathway: string
  readonly upstream: readonly UpstreamAddress[]
  readonly upstreamProxyProtocol: ProxyVersion
  readonly upstreamXclient: XclientMode
  readonly proxyProtocol: boolean
  readonly proxyProtocolTimeout: DurationValue
  readonly useTls: boolean
  readonly tlsCertificate: PathValue
  readonly tlsKey: PathValue
  readonly tlsClientCa: PathValue
  readonly tlsVerifyMode: TlsVerifyMode
  /** OpenSSL cipher list for TLS 1.2 and older. */
  readonly tlsCiphers: string
  /** TLS 1.3 suites, colon separated. */
  readonly tlsCiphersuites: string
  readonly tlsProtocols: { readonly min: TlsVersion; readonly max: TlsVersion }
  readonly tlsAllowRenegotiation: boolean
  readonly enable: boolean
  /** Unix socket mode bits, e.g. 0o660. */
  readonly fileMode: number
  readonly listenBacklog: number
  readonly disableNagle: boolean
  /** Messages per session. */
  readonly maxReceptions: CapValue
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
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

export type OptionName = keyof OptionValues

/** What a scope sets. Absent means unset, which differs from every value. */
export type Options = { readonly [K in OptionName]?: Sourced<OptionValues[K]> }
