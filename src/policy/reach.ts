// Which sessions an option says something about. An option that says nothing about a session may
// differ there without making a difference.

import { asksSomebody } from './login.ts'
import type { OptionName } from './options.ts'
import type { Plan } from './plan.ts'
import type { ServiceName } from './policy.ts'

interface Reach {
  /** Absent: all. */
  readonly services?: readonly ServiceName[]
  /** `login`: only sessions that log in here; `relay`: only the others. */
  readonly when?: 'login' | 'relay' | 'tls' | 'unix' | 'tcp' | 'fronted'
}

const smtp = ['smtp'] as const

/** Options that are not here are about every session. */
const reaches: { readonly [K in OptionName]?: Reach } = {
  ecstreamIdle: { services: ['ecstream'] },
  maxReceptions: { services: smtp, when: 'relay' },
  bannerHostname: { services: smtp },
  staticBanner: { services: smtp },
  smtpExtensions: { services: smtp },
  starttlsInjection: { services: smtp, when: 'relay' },
  reconfigMessage: { services: smtp, when: 'relay' },
  upstreamXclient: { services: ['smtp', 'pop3'] },
  upstreamImapId: { services: ['imap'], when: 'login' },
  proxyProtocolTimeout: { when: 'fronted' },
  realIpFrom: { when: 'fronted' },
  fileMode: { when: 'unix' },
  disableNagle: { when: 'tcp' },
  tlsPasswordFile: { when: 'tls' },
  tlsTrustedCa: { when: 'tls' },
  tlsCrl: { when: 'tls' },
  tlsVerifyDepth: { when: 'tls' },
  tlsPreferServerCiphers: { when: 'tls' },
  tlsCurves: { when: 'tls' },
  tlsDhParams: { when: 'tls' },
  tlsSignatureAlgorithms: { when: 'tls' },
  tlsFlags: { when: 'tls' },
  tlsSessionTickets: { when: 'tls' },
  tlsTicketKey: { when: 'tls' },
  tlsSessionTimeout: { when: 'tls' },
  authHttpPassClientCert: { when: 'login' },
  tlsCertificate: { when: 'tls' },
  tlsKey: { when: 'tls' },
  tlsClientCa: { when: 'tls' },
  tlsVerifyMode: { when: 'tls' },
  tlsCiphers: { when: 'tls' },
  tlsCiphersuites: { when: 'tls' },
  tlsProtocols: { when: 'tls' },
  tlsAllowRenegotiation: { when: 'tls' },
  resolver: { services: smtp, when: 'login' },
  resolverValid: { services: smtp, when: 'login' },
  resolverTimeout: { services: smtp, when: 'login' },
  resolverIpv4: { services: smtp, when: 'login' },
  resolverIpv6: { services: smtp, when: 'login' },
  authHttpKeepalive: { when: 'login' },
  authHttpTlsVerify: { when: 'login' },
  authHttpTlsCa: { when: 'login' },
  authHttpTlsName: { when: 'login' },
  proxyBufferBytes: { when: 'login' },
  authFailDelay: { when: 'login' },
  authHttpTimeout: { when: 'login' },
  authHttpHeaders: { when: 'login' },
  serverName: { when: 'login' },
  loginTimeout: { when: 'login' },
  maxErrors: { when: 'login' },
  maxCommands: { when: 'login' },
  clientBufferBytes: { when: 'login' },
  imapCapabilities: { services: ['imap'], when: 'login' },
  imapAuth: { services: ['imap'], when: 'login' },
  pop3Capabilities: { services: ['pop3'], when: 'login' },
  pop3Auth: { services: ['pop3'], when: 'login' },
  smtpCapabilities: { services: smtp, when: 'login' },
  smtpAuth: { services: smtp, when: 'login' },
  smtpGreetingDelay: { services: smtp, when: 'login' },
  starttls: { when: 'login' },
  limitConns: { when: 'login' },
  limitConnDryRun: { when: 'login' },
  limitConnLogLevel: { when: 'login' },
  proxyTimeout: { when: 'login' },
  proxyPassErrorMessage: { when: 'login' },
  proxySmtpAuth: { services: smtp, when: 'login' },
}

/** Whether an option has a say in sessions of a service at all. */
export function isAbout(option: OptionName, service: ServiceName): boolean {
  const services = reaches[option]?.services
  if (services !== undefined && !services.includes(service)) return false
  return service !== 'ecstream' || reaches[option]?.when !== 'login'
}

/** Whether an option only has a say in sessions that log in here. */
export function isAboutLogins(option: OptionName): boolean {
  return reaches[option]?.when === 'login'
}

/** Whether an option only has a say where TLS is spoken to clients. */
export function isAboutTls(option: OptionName): boolean {
  return reaches[option]?.when === 'tls'
}

/** Whether an option has a say in the sessions of one plan. */
export function reachesPlan(option: OptionName, plan: Plan): boolean {
  if (!isAbout(option, plan.listener.service)) return false
  const { settings, listen } = plan
  const isLogin = asksSomebody(settings.authenticator?.value)
  switch (reaches[option]?.when) {
    case 'login':
      return isLogin && plan.listener.service !== 'ecstream'
    case 'relay':
      return !isLogin
    case 'tls':
      return settings.useTls.value || (isLogin && offersStarttls(plan))
    case 'unix':
      return listen.endpoint.kind === 'unix'
    case 'tcp':
      return listen.endpoint.kind === 'tcp'
    case 'fronted':
      return settings.proxyProtocol.value
    case undefined:
      return true
  }
}

/** Momentum's way to offer it is a word among the extensions. */
function offersStarttls({ settings }: Plan): boolean {
  const { starttls, smtpExtensions } = settings
  if (starttls !== undefined) return starttls.value !== 'off'
  return smtpExtensions?.value.some((word) => word.toUpperCase() === 'STARTTLS') ?? false
}
