// One server of an nginx text, and what all servers have in common.

import { parseBlock } from '../../base/address.ts'
import type { Endpoint } from '../../base/address.ts'
import type { Span } from '../../base/diagnostic.ts'
import { defaults } from '../../policy/defaults.ts'
import type { OptionName, Options } from '../../policy/options.ts'
import { isAbout, isAboutLogins, isAboutTls } from '../../policy/reach.ts'
import { commonOptions, withoutOptions } from '../common-options.ts'
import type { NotSaid, TextNode } from '../written.ts'
import { printWord } from './print.ts'
import { guessProtocol } from './protocol.ts'
import { optionNodes } from './say-option.ts'
import { writtenOptions } from './write-options.ts'
import { peerNodes, remarkOf } from './write-servers.ts'
import type { ListenPlan, ServerPlan } from './write-servers.ts'

/** What may not be inherited by a server that relays. */
const onlyAmongLogins: ReadonlySet<OptionName> = new Set(['limitConns', 'starttls', 'upstream'])

/** What is said once around all servers: where each server that it is about says the same. */
export function commonOfServers(
  servers: readonly ServerPlan[],
  notSaid: NotSaid[],
): { readonly options: Options; readonly nodes: readonly TextNode[] } {
  const isMixed = servers.some(({ isLogin }) => isLogin) && servers.some(({ isLogin }) => !isLogin)
  const written = servers.map((server) => ({ server, options: writtenOptionsOf(server, []) }))
  const found = writtenOptions.flatMap((name): [string, unknown][] => {
    if (isMixed && onlyAmongLogins.has(name)) return []
    const concerned = written.filter(({ server }) => isConcerned(name, server))
    const common = commonOptions(concerned.map(({ options }) => options))
    return common[name] === undefined ? [] : [[name, common[name]]]
  })
  const options = Object.fromEntries(found) as Options // pairs of options and their values
  const [first] = servers
  if (first === undefined) return { options: {}, nodes: [] }
  const service = first.listener.service
  // The buffer of each protocol has a name of its own.
  const { clientBufferBytes: _buffer, ...said } = options
  return {
    options: said,
    nodes: optionNodes(said, { context: 'mail', service, label: 'mail', notSaid }),
  }
}

function isConcerned(
  name: OptionName,
  { listener, isLogin, listens, options }: ServerPlan,
): boolean {
  if (!isAbout(name, listener.service)) return false
  if (isAboutLogins(name)) return isLogin
  return !isAboutTls(name) || hasTls(listens, options)
}

function hasTls(listens: readonly ListenPlan[], options: Options): boolean {
  const isStarttls = options.starttls !== undefined && options.starttls.value !== 'off'
  return isStarttls || listens.some(tlsOf)
}

function tlsOf({ options }: ListenPlan): boolean {
  return options.useTls?.value === true
}

/** What a server says, with what nginx would otherwise take for granted denied. */
function writtenOptionsOf(server: ServerPlan, notSaid: NotSaid[]): Options {
  const { listener, listens, options, isLogin } = server
  const { span } = listener
  const isFronted = listens.some(proxyOf)
  const isTls = hasTls(listens, options)
  const kept = Object.entries(options).filter(([name]) => {
    const option = name as OptionName // a key of Options
    if (!isAbout(option, listener.service) || isInListen.has(option)) return false
    if (isAboutLogins(option) && !isLogin) return false
    if (isAboutTls(option) && !isTls) return false
    if (option === 'authenticator' && !isLogin) return false
    // An auth server names the upstream.
    if (option === 'upstream' && options.authenticator?.value.kind === 'http') return false
    return isFronted || (option !== 'realIpFrom' && option !== 'proxyProtocolTimeout')
  })
  const all = Object.fromEntries(kept) as Options // entries of Options
  const said = withoutVain(all, server, notSaid)
  const asksXclient = isLogin && (listener.service === 'smtp' || listener.service === 'pop3')
  return {
    ...(asksXclient ? { upstreamXclient: { value: 'no', span } } : {}),
    ...(isLogin ? {} : { idle: { value: {}, span } }),
    ...(isFronted ? { proxyProtocolTimeout: { value: { ms: 60_000 }, span } } : {}),
    ...(isFronted ? { realIpFrom: { value: everybody, span } } : {}),
    ...(isTls ? tlsDefaults(said, span) : {}),
    ...said,
  }
}

const everybody = {
  blocks: ['0.0.0.0/0', '::/0'].flatMap((text) => parseBlock(text)?.block ?? []),
  isUnixTrusted: true,
} as const

/** nginx verifies nobody without an authority to go by, and does not start. */
function withoutVain(said: Options, { listener }: ServerPlan, notSaid: NotSaid[]): Options {
  const { tlsVerifyMode, ...others } = said
  if (tlsVerifyMode === undefined || said.tlsClientCa?.value.path !== undefined) return said
  const { value, span } = tlsVerifyMode
  if (value !== 'on' && value !== 'optional') return said
  const reason = `tlsVerifyMode of ${listener.label}: nginx needs a ssl_client_certificate for it`
  notSaid.push({ reason, span })
  return others
}

/** Momentum's where nginx has others. */
function tlsDefaults(said: Options, span: Span): Options {
  const { tlsCertificate, tlsClientCa, tlsTrustedCa } = said
  const hasAuthority = tlsClientCa !== undefined || tlsTrustedCa !== undefined
  return {
    ...(tlsCertificate === undefined ? {} : { tlsKey: tlsCertificate }),
    tlsCiphers: { value: 'auto', span },
    tlsAllowRenegotiation: { value: true, span },
    ...(hasAuthority && said.tlsVerifyMode?.value !== 'none'
      ? {
          tlsVerifyMode: { value: 'lenient', span },
          // More than a chain has.
          tlsVerifyDepth: { value: 100, span },
        }
      : {}),
  }
}

const isInListen: ReadonlySet<OptionName> = new Set([
  'useTls',
  'proxyProtocol',
  'listenBacklog',
  'fileMode',
  'enable',
  'pathway',
])

function proxyOf({ options }: ListenPlan): boolean {
  return options.proxyProtocol?.value === true
}

export function serverNode(server: ServerPlan, common: Options, notSaid: NotSaid[]): TextNode {
  const { listener, listens } = server
  const { service } = listener
  const own = withoutOptions(writtenOptionsOf(server, notSaid), common)
  const [first] = listens
  const guessed =
    first?.listen.endpoint.kind === 'tcp' ? guessProtocol(first.listen.endpoint.port) : undefined
  const body = [
    ...listens.map((plan) => ({ head: listenText(plan) })),
    ...(guessed === service ? [] : [{ head: `protocol ${service}` }]),
    ...optionNodes(own, { context: 'server', service, label: listener.label, notSaid }),
    ...(server.hasSharedPeers ? [] : peerNodes(server, '', notSaid)),
  ]
  return { head: 'server', body, remark: remarkOf(server) }
}

function listenText(plan: ListenPlan): string {
  const { listen, options } = plan
  const { endpoint } = listen
  const backlog = options.listenBacklog?.value
  const mode = options.fileMode?.value ?? defaults.fileMode
  const isDualStack =
    endpoint.kind === 'tcp' && isAny(endpoint.host) && endpoint.isIpv6Only !== true
  const words = [
    'listen',
    addressText(endpoint),
    ...(isDualStack ? ['ipv6only=off'] : []),
    ...(tlsOf(plan) ? ['ssl'] : []),
    ...(proxyOf(plan) ? ['proxy_protocol'] : []),
    ...(backlog === undefined ? [] : [`backlog=${backlog}`]),
    // nginx lets everybody in.
    ...(endpoint.kind === 'unix' && mode !== 0o666 ? [`mode=0${mode.toString(8)}`] : []),
  ]
  return words.map((word) => printWord(word)).join(' ')
}

function isAny(host: string): boolean {
  return host === '*' || host === '::'
}

function addressText(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`
  const { host, port } = endpoint
  if (isAny(host)) return `[::]:${port}`
  if (host === '0.0.0.0') return String(port)
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
