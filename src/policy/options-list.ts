// The names of all options, for code that walks over them.

import type { OptionName } from './options.ts'
import type { SettingName } from './plan.ts'

/** One entry per option; the type makes a forgotten one a compile error. */
const isSetting: { readonly [K in OptionName]: K extends SettingName ? true : false } = {
  serviceSessions: false,
  listenerSessions: false,
  serviceSessionsDryRun: false,
  listenerSessionsDryRun: false,
  idle: true,
  ecstreamIdle: true,
  pathway: true,
  upstream: true,
  upstreamProxyProtocol: true,
  upstreamXclient: true,
  proxyProtocol: true,
  proxyProtocolTimeout: true,
  realIpFrom: true,
  useTls: true,
  tlsCertificate: true,
  tlsKey: true,
  tlsClientCa: true,
  tlsVerifyMode: true,
  tlsCiphers: true,
  tlsCiphersuites: true,
  tlsProtocols: true,
  tlsAllowRenegotiation: true,
  enable: true,
  fileMode: true,
  listenBacklog: true,
  disableNagle: true,
  maxReceptions: true,
  bannerHostname: true,
  staticBanner: true,
  context: true,
  smtpExtensions: true,
  starttlsInjection: true,
  reconfigMessage: true,
  limitConns: false,
  limitConnDryRun: false,
  limitConnLogLevel: false,
  authenticator: true,
  authHttpTimeout: true,
  authHttpHeaders: true,
  serverName: true,
  loginTimeout: true,
  maxErrors: true,
  maxCommands: true,
  clientBufferBytes: true,
  imapCapabilities: true,
  imapAuth: true,
  pop3Capabilities: true,
  pop3Auth: true,
  smtpCapabilities: true,
  smtpAuth: true,
  smtpGreetingDelay: true,
  starttls: true,
  proxyTimeout: true,
  proxyPassErrorMessage: true,
  proxySmtpAuth: true,
}

export const optionNames: readonly OptionName[] = Object.keys(isSetting) as OptionName[] // keys of a literal typed by OptionName

export const settingNames: readonly SettingName[] = optionNames.filter(
  (name): name is SettingName => isSetting[name],
)
