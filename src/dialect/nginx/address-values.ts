// Readers of addresses: auth servers, upstreams, resolvers, trusted proxies and source blocks.

import { parseAddress, parseBlock } from '../../base/address.ts'
import { parseEndpoint, parseHostPort } from '../../base/endpoint.ts'
import { parseNameServer } from '../../policy/name-server.ts'
import type { NameServer } from '../../policy/name-server.ts'
import type { UpstreamAddress } from '../../policy/options.ts'
import type { AuthUrl, Problem, ValueResult, ValueType } from './directive-spec.ts'
import type { Word } from './syntax.ts'
import { protocols } from './protocol.ts'
import { parseNumber, parseSeconds } from './units.ts'

const maxPort = 65_535

/** `[http://|https://]host[:port][/path]` or `unix:/socket:/path`. */
export const authUrl: ValueType = {
  syntax: 'url',
  example: '127.0.0.1:9000/auth',
  read(directive): ValueResult {
    const [word] = directive.args
    const written = word?.text ?? ''
    const url = parseAuthUrl(written)
    if (typeof url !== 'string') return { value: { kind: 'url', url } }
    const shown = written.replace(/^http:\/\//, '')
    return { problem: badValue(`${url} in auth_http "${shown}"`, word) }
  },
}

function badValue(message: string, word: Word | undefined, hint?: string): Problem {
  return { code: 'nginx.bad_value', message, word, hint }
}

function parseAuthUrl(text: string): AuthUrl | string {
  const isTls = text.startsWith('https://')
  const rest = text.replace(/^https?:\/\//, '')
  if (/^unix:/i.test(rest)) {
    const [path = '', ...uri] = rest.slice('unix:'.length).split(':')
    if (path === '') return 'no path in the unix domain socket'
    const address = { kind: 'unix', path } as const
    return { isTls, address, host: 'localhost', path: pathOr(uri.join(':')) }
  }
  const [, host = '', portText, path = ''] =
    /^(\[[^\]]*\]|[^:/?]*)(?::([^/?]*))?([/?].*)?$/s.exec(rest) ?? []
  if (host === '' && portText === undefined) return rest === '' ? 'no host' : 'invalid host'
  const port = portText === undefined ? (isTls ? 443 : 80) : (parseNumber(portText) ?? 0)
  if (port < 1 || port > maxPort) return 'invalid port'
  if (host === '') return 'no host'
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  if (bare !== host && parseAddress(bare)?.family === undefined) return 'invalid IPv6 address'
  return { isTls, address: { kind: 'tcp', host: bare, port }, host, path: pathOr(path) }
}

function pathOr(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

/** `host:port ...` or `unix:/socket ...`: the mail servers behind. */
export const upstreams: ValueType = {
  syntax: 'address ...',
  example: '127.0.0.1:2525',
  read(directive): ValueResult {
    const addresses: UpstreamAddress[] = []
    for (const word of directive.args) {
      const result = parseHostPort(word.text)
      if (!('address' in result)) {
        const message = `invalid address "${word.text}" of the "${directive.name.text}" directive`
        return { problem: badValue(message, word, result.problem) }
      }
      addresses.push(result.address)
    }
    return { value: { kind: 'addresses', addresses } }
  },
}

/** `address:port` or `unix:/socket`: where the admin API listens. */
export const adminEndpoint: ValueType = {
  syntax: 'address:port | unix:path',
  example: '127.0.0.1:8025',
  read(directive): ValueResult {
    const [word] = directive.args
    const result = parseEndpoint(word?.text ?? '')
    if ('endpoint' in result) return { value: { kind: 'endpoint', endpoint: result.endpoint } }
    const message = `invalid address "${word?.text ?? ''}" of the "${directive.name.text}" directive`
    return { problem: badValue(message, word, result.problem) }
  },
}

/** `address ... [valid=time] [ipv4=on|off] [ipv6=on|off]`, or `off`. */
export const resolver: ValueType = {
  syntax: 'address ... [valid=time] [ipv4=on|off] [ipv6=on|off] | off',
  example: '127.0.0.53 valid=30s',
  read(directive): ValueResult {
    const texts = directive.args.map((word) => word.text)
    if (texts[0] === 'off') return { value: { kind: 'resolver', servers: [], ...bothFamilies } }
    for (const word of directive.args) {
      const problem = resolverProblem(word)
      if (problem !== undefined) return { problem }
    }
    const last = directive.args.at(-1)
    const isIpv4 = lastOf(texts, 'ipv4=') !== 'off'
    const isIpv6 = lastOf(texts, 'ipv6=') !== 'off'
    if (!isIpv4 && !isIpv6) {
      return { problem: badValue('"ipv4" and "ipv6" cannot both be "off"', last) }
    }
    const servers = texts.flatMap(serverOf)
    if (servers.length === 0) return { problem: badValue('no name servers defined', last) }
    const valid = parseSeconds(lastOf(texts, 'valid=') ?? '0') ?? 0
    const validMs = valid === 0 ? {} : { validMs: valid * 1000 }
    return { value: { kind: 'resolver', servers, isIpv4, isIpv6, ...validMs } }
  },
}

const bothFamilies = { isIpv4: true, isIpv6: true } as const

function isParameter(text: string): boolean {
  return /^(valid|ipv4|ipv6)=/.test(text)
}

function serverOf(text: string): NameServer[] {
  const server = isParameter(text) ? undefined : parseNameServer(text)
  return typeof server === 'object' ? [server] : []
}

function resolverProblem(word: Word): Problem | undefined {
  const { text } = word
  const invalid = badValue(`invalid parameter: ${text}`, word)
  if (text.startsWith('valid=')) {
    return parseSeconds(text.slice('valid='.length)) === undefined ? invalid : undefined
  }
  if (isParameter(text)) return /=(on|off)$/.test(text) ? undefined : invalid
  const server = parseNameServer(text)
  if (server === 'no port') return badValue(`invalid port in resolver "${text}"`, word)
  if (server !== 'no host') return undefined
  return badValue(`host not found in resolver "${text}"`, word, 'write an address or a host name')
}

/** What the last word with a prefix says after it. */
function lastOf(texts: readonly string[], prefix: string): string | undefined {
  return texts.findLast((text) => text.startsWith(prefix))?.slice(prefix.length)
}

/** An address, a block, or `unix:`. */
export const trustedProxy: ValueType = {
  syntax: 'address | CIDR | unix:',
  example: '10.0.0.0/8',
  read(directive): ValueResult {
    const [word] = directive.args
    const text = word?.text ?? ''
    if (text === 'unix:') return { value: { kind: 'text', text } }
    return readBlock(word, `host not found in set_real_ip_from "${text}"`)
  },
}

/** The source block of a peer. */
export const sourceBlock: ValueType = {
  syntax: 'address | CIDR [protocol=name]',
  example: '10.0.0.0/8',
  read(directive): ValueResult {
    const [word, extra] = directive.args
    const names = protocols.map((name) => `protocol=${name}`)
    if (extra !== undefined && !names.includes(extra.text)) {
      const hint = `write ${names.join(' or ')}`
      return { problem: badValue(`invalid parameter "${extra.text}"`, extra, hint) }
    }
    return readBlock(word, `invalid address block "${word?.text ?? ''}" of the "peer" directive`)
  },
}

function readBlock(word: Word | undefined, message: string): ValueResult {
  const text = word?.text ?? ''
  const parsed = parseBlock(text)
  if (parsed === undefined) {
    return { problem: badValue(message, word, 'write an IP address or a block as in 10.0.0.0/8') }
  }
  const value = { kind: 'text', text: parsed.block.text } as const
  if (!parsed.hadHostBits) return { value }
  const meaningless = `low address bits of ${text} are meaningless`
  return { value, warnings: [{ code: 'nginx.host_bits', message: meaningless, word }] }
}
