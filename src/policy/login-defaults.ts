// What holds for the time before login where a policy sets nothing (freenginx's mail modules). Kept
// apart from the other defaults: they concern only the sessions that log in here.

import type { OptionValues } from './options.ts'

/** Options of the login that always have a value. */
type LoginDefaultedName =
  | 'authFailDelay'
  | 'authHttpTimeout'
  | 'authHttpHeaders'
  | 'authHttpKeepalive'
  | 'authHttpTlsVerify'
  | 'authHttpPassClientCert'
  | 'loginTimeout'
  | 'maxErrors'
  | 'maxCommands'
  | 'clientBufferBytes'
  | 'imapCapabilities'
  | 'imapAuth'
  | 'pop3Capabilities'
  | 'pop3Auth'
  | 'smtpCapabilities'
  | 'smtpAuth'
  | 'smtpGreetingDelay'
  | 'resolverTimeout'
  | 'resolverIpv4'
  | 'resolverIpv6'
  | 'starttls'
  | 'proxyTimeout'
  | 'proxyPassErrorMessage'
  | 'proxySmtpAuth'

export const loginDefaults: Pick<OptionValues, LoginDefaultedName> = {
  // Dovecot's auth_failure_delay: nobody who mistyped minds, and who tries words from a list does.
  authFailDelay: { ms: 2_000 },
  authHttpTimeout: { ms: 60_000 },
  authHttpHeaders: [],
  authHttpKeepalive: {},
  authHttpTlsVerify: true,
  authHttpPassClientCert: false,
  loginTimeout: { ms: 60_000 },
  maxErrors: 5,
  maxCommands: 1000,
  clientBufferBytes: 4096,
  imapCapabilities: ['IMAP4', 'IMAP4rev1', 'UIDPLUS'],
  imapAuth: ['plain'],
  pop3Capabilities: ['TOP', 'USER', 'UIDL', 'RESP-CODES'],
  pop3Auth: ['plain'],
  smtpCapabilities: [],
  smtpAuth: ['plain', 'login'],
  smtpGreetingDelay: {},
  resolverTimeout: { ms: 30_000 },
  resolverIpv4: true,
  resolverIpv6: true,
  starttls: 'off',
  proxyTimeout: { ms: 86_400_000 },
  proxyPassErrorMessage: false,
  proxySmtpAuth: false,
}
