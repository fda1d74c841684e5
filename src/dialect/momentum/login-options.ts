// Options of the time between the greeting and the relay: what nginx's mail modules let be said,
// in Momentum's style.

import type { AuthHttpHeader, CapValue, LoginMethod, TrustedProxies } from '../../policy/options.ts'
import { parseBlock } from '../../base/address.ts'
import { integer, seconds } from './numbers.ts'
import { works } from './option-spec.ts'
import type { OptionSpec } from './option-spec.ts'
import { limitDryRun, limitLogLevel } from './limit-values.ts'
import { listed, quoted } from './report.ts'
import { hostName } from './smtp-values.ts'
import {
  choice,
  didYouMean,
  flag,
  pathOrNone,
  plainText,
  readWord,
  textList,
  textType,
  wrongForm,
} from './values.ts'
import type { ValueType, WordResult } from './values.ts'

const loginScopes = 'E I O L W WG P'
const loginServices = ['smtp', 'imap', 'pop3'] as const

/** Large enough to be no bound at all, and far from where sums of numbers lose digits. */
const countMax = 2_147_483_647
/** A command of a mebibyte is a message, not a command. */
const bufferMaxBytes = 1_048_576

/** Idle connections to an auth server; 0 keeps none. A descriptor each. */
const keptCount: ValueType<CapValue> = {
  ...integer(0, 1_024),
  read(statement, report) {
    const count = integer(0, 1_024).read(statement, report)
    if (count === undefined) return undefined
    return count === 0 ? {} : { capMax: count }
  },
}

/** Headers in their order; one name may stand there several times, as in a request. */
const headers: ValueType<readonly AuthHttpHeader[]> = {
  title: 'a dictionary of headers',
  example: '[ X-Gate = "mx1" ]',
  read(statement, report) {
    if (statement.kind !== 'dictionary') return wrongForm(statement, this.title, report)
    const read = statement.entries.map(({ key, value }): AuthHttpHeader | undefined => {
      const name = readWord(statement, key, { parse: headerName, report })
      const text = readWord(statement, value, { parse: headerValue, report })
      return name === undefined || text === undefined ? undefined : { name, value: text }
    })
    const found = read.filter((header) => header !== undefined)
    return found.length === read.length ? found : undefined
  },
}

/** RFC 9110's token. */
function headerName(text: string): WordResult<string> {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)) return { value: text }
  const problem = `takes names of headers, not ${quoted(text)}`
  return { code: 'momentum.bad_value', problem }
}

/** Empty is a value too. */
function headerValue(text: string): WordResult<string> {
  return text === '' ? { value: text } : plainText(text)
}

/** Ways to log in, in the one order that offers and replies have. */
function methods(words: readonly LoginMethod[]): ValueType<readonly LoginMethod[]> {
  const title = `a list of ${listed(words)}`
  const parse = (text: string): WordResult<LoginMethod> => {
    const value = words.find((known) => known === text.toLowerCase())
    if (value !== undefined) return { value }
    const problem = `takes ${title}, not ${quoted(text)}`
    return { code: 'momentum.bad_value', problem, hint: didYouMean(text, words) }
  }
  return {
    title,
    example: '( "plain" "login" )',
    read(statement, report) {
      if (statement.kind !== 'array') return wrongForm(statement, title, report)
      const { items } = statement
      const read = items.map((item) => readWord(statement, item, { parse, report }))
      if (read.some((value) => value === undefined)) return undefined
      return words.filter((word) => read.includes(word))
    },
  }
}

const trustedProxies: ValueType<TrustedProxies> = {
  title: 'a list of addresses, blocks and "unix:"',
  example: '( "10.0.0.0/8" "unix:" )',
  read(statement, report) {
    if (statement.kind !== 'array') return wrongForm(statement, this.title, report)
    const texts = statement.items.map((item) =>
      readWord(statement, item, { parse: trustedProxy, report }),
    )
    if (texts.some((text) => text === undefined)) return undefined
    const blocks = texts.flatMap((text) => parseBlock(text ?? '')?.block ?? [])
    return { blocks, isUnixTrusted: texts.includes('unix:') }
  },
}

function trustedProxy(text: string): WordResult<string> {
  if (text === 'unix:' || parseBlock(text) !== undefined) return { value: text }
  const problem = `takes addresses and blocks, not ${quoted(text)}`
  const hint = 'write them as in "10.0.0.0/8"; "unix:" is for clients of Unix sockets'
  return { code: 'momentum.bad_value', problem, hint }
}

const tokens = ['external', 'xoauth2', 'oauthbearer'] as const

const greeting: readonly OptionSpec[] = [
  works('Server_Name', {
    key: 'serverName',
    scopes: loginScopes,
    type: textType('a host name', '"mx.example.net"'),
    services: loginServices,
  }),
  works('SMTP_Greeting_Delay', {
    key: 'smtpGreetingDelay',
    scopes: 'E L W WG P',
    type: seconds,
    services: ['smtp'],
  }),
  works('STARTTLS', {
    key: 'starttls',
    scopes: loginScopes,
    type: choice(['off', 'on', 'only']),
    services: loginServices,
  }),
  works('IMAP_Capabilities', {
    key: 'imapCapabilities',
    scopes: 'I L W WG P',
    type: textList('( "IMAP4rev1" "UIDPLUS" )'),
    services: ['imap'],
  }),
  works('POP3_Capabilities', {
    key: 'pop3Capabilities',
    scopes: 'O L W WG P',
    type: textList('( "TOP" "UIDL" )'),
    services: ['pop3'],
  }),
  works('SMTP_Capabilities', {
    key: 'smtpCapabilities',
    scopes: 'E L W WG P',
    type: textList('( "SIZE 10485760" "8BITMIME" )'),
    services: ['smtp'],
  }),
]

const authentication: readonly OptionSpec[] = [
  works('IMAP_Auth', {
    key: 'imapAuth',
    scopes: 'I L W WG P',
    type: methods(['plain', 'login', 'cram-md5', ...tokens]),
    services: ['imap'],
  }),
  works('POP3_Auth', {
    key: 'pop3Auth',
    scopes: 'O L W WG P',
    type: methods(['plain', 'login', 'apop', 'cram-md5', ...tokens]),
    services: ['pop3'],
  }),
  works('SMTP_Auth', {
    key: 'smtpAuth',
    scopes: 'E L W WG P',
    type: methods(['plain', 'login', 'cram-md5', ...tokens, 'none']),
    services: ['smtp'],
  }),
  works('Auth_HTTP_Timeout', {
    key: 'authHttpTimeout',
    scopes: loginScopes,
    type: seconds,
    services: loginServices,
  }),
  works('Auth_HTTP_Keepalive', {
    key: 'authHttpKeepalive',
    scopes: loginScopes,
    type: keptCount,
    services: loginServices,
  }),
  works('Auth_HTTP_TLS_Verify', {
    key: 'authHttpTlsVerify',
    scopes: loginScopes,
    type: flag,
    services: loginServices,
  }),
  works('Auth_HTTP_TLS_CA', {
    key: 'authHttpTlsCa',
    scopes: loginScopes,
    type: pathOrNone,
    services: loginServices,
  }),
  works('Auth_HTTP_TLS_Name', {
    key: 'authHttpTlsName',
    scopes: loginScopes,
    type: hostName,
    services: loginServices,
  }),
  works('Auth_HTTP_Headers', {
    key: 'authHttpHeaders',
    scopes: loginScopes,
    type: headers,
    services: loginServices,
  }),
]

const bounds: readonly OptionSpec[] = [
  works('Login_Timeout', {
    key: 'loginTimeout',
    scopes: loginScopes,
    type: seconds,
    services: loginServices,
  }),
  works('Max_Errors', {
    key: 'maxErrors',
    scopes: loginScopes,
    type: integer(0, countMax),
    services: loginServices,
  }),
  works('Max_Commands', {
    key: 'maxCommands',
    scopes: loginScopes,
    type: integer(0, countMax),
    services: loginServices,
  }),
  works('Client_Buffer_Size', {
    key: 'clientBufferBytes',
    scopes: loginScopes,
    type: integer(1, bufferMaxBytes),
    services: loginServices,
  }),
  works('Limit_Conn_Dry_Run', {
    key: 'limitConnDryRun',
    scopes: loginScopes,
    type: limitDryRun,
    services: loginServices,
  }),
  works('Limit_Conn_Log_Level', {
    key: 'limitConnLogLevel',
    scopes: loginScopes,
    type: limitLogLevel,
    services: loginServices,
  }),
]

const relaying: readonly OptionSpec[] = [
  works('Proxy_Timeout', {
    key: 'proxyTimeout',
    scopes: loginScopes,
    type: seconds,
    services: loginServices,
  }),
  works('Upstream_Pass_Error_Message', {
    key: 'proxyPassErrorMessage',
    scopes: loginScopes,
    type: flag,
    services: loginServices,
  }),
  works('Upstream_Buffer', {
    key: 'proxyBufferBytes',
    scopes: loginScopes,
    type: integer(1, bufferMaxBytes),
    services: loginServices,
  }),
  works('Upstream_SMTP_Auth', {
    key: 'proxySmtpAuth',
    scopes: 'E L W WG P',
    type: flag,
    services: ['smtp'],
  }),
]

/** Whose PROXY headers are believed; read before any Peer is known. */
export const trustOption: OptionSpec = works('Proxy_Protocol_From', {
  key: 'realIpFrom',
  scopes: 'E S I O L',
  type: trustedProxies,
  refusal: {
    scope: 'peer',
    reason: 'the header tells which Peer it is, so it is read before any Peer is known',
  },
})

export const loginOptions: readonly OptionSpec[] = [
  ...greeting,
  ...authentication,
  ...bounds,
  ...relaying,
]
