// Reads `listen`: nginx's addresses, port ranges and parameters, with nginx's words for mistakes.

import { parseAddress } from '../../base/address.ts'
import type { Problem, ReadState, ValueResult, ValueType } from './directive-spec.ts'
import type { Directive, Word } from './syntax.ts'
import { parseNumber, parseSeconds, parseSize } from './units.ts'

/** One socket to bind. `text` is nginx's name of it: `0.0.0.0:143`, `[::]:143`, `unix:/run/s`. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly text: string }
  | { readonly kind: 'unix'; readonly path: string; readonly text: string }

/** TCP keepalive; seconds and counts absent: the system's. */
export interface Keepalive {
  readonly idleSeconds?: number
  readonly intervalSeconds?: number
  readonly probeCount?: number
}

interface ListenOptions {
  readonly isTls?: true
  readonly isProxyProtocol?: true
  readonly backlog?: number
  /** Permissions of the file of a Unix socket: Postern's own parameter. */
  readonly fileMode?: number
  readonly receiveBytes?: number
  readonly sendBytes?: number
  readonly isV6Only?: boolean
  readonly keepalive?: Keepalive | 'off'
}

export interface ListenValue extends ListenOptions {
  readonly kind: 'listen'
  readonly addresses: readonly ListenAddress[]
}

/** The longest path a Unix socket address holds on Linux, its closing NUL not counted. */
const maxUnixPath = 107
const maxPort = 65_535

const hints: ReadonlyMap<string, string> = new Map([
  ['host not found', 'write an IP address'],
  ['invalid port', `a port is a number from 1 to ${maxPort}`],
])

/** `ADDRESS[:PORT] [parameters]` */
export const listen: ValueType = {
  syntax: 'address[:port] [ssl] [proxy_protocol] [backlog=number] [so_keepalive=...] ...',
  example: '127.0.0.1:143',
  read(directive, state): ValueResult {
    const [address, ...parameters] = directive.args
    if (address === undefined) throw new Error('postern: listen is read with its address')
    const addresses = parseListenAddress(address.text)
    if (typeof addresses === 'string') {
      const message = `${addresses} in "${address.text}" of the "listen" directive`
      const hint = hints.get(addresses)
      return { problem: { code: 'nginx.bad_value', message, word: address, hint } }
    }
    let options: ListenOptions = {}
    for (const word of parameters) {
      const read = readParameter(word)
      if ('code' in read) return { problem: read }
      options = { ...options, ...read }
    }
    const problem = claim(addresses, directive, state)
    if (problem !== undefined) return { problem }
    return { value: { kind: 'listen', addresses, ...options } }
  },
}

/** Two servers cannot share an endpoint. */
function claim(
  addresses: readonly ListenAddress[],
  directive: Directive,
  { endpoints }: ReadState,
): Problem | undefined {
  const [word] = directive.args
  for (const { text } of addresses) {
    const first = endpoints.get(text)
    if (first !== undefined) {
      const message = `duplicate "${text}" address and port pair`
      const hint = `it is listened on in ${first.file}:${first.line} already`
      return { code: 'nginx.duplicate_listen', message, word, hint }
    }
    endpoints.set(text, word?.span ?? directive.name.span)
  }
  return undefined
}

/** The sockets a text names, or nginx's words for why it names none. */
export function parseListenAddress(text: string): readonly ListenAddress[] | string {
  if (/^unix:/i.test(text)) return parseUnix(text.slice('unix:'.length))
  if (text.startsWith('[')) return parseV6(text)
  if (text.includes('/')) return 'invalid host'
  const colon = text.indexOf(':')
  if (colon === -1) {
    // Digits alone are a port; "143-145" is a range of them.
    if (/^[0-9]+(-|$)/.test(text)) return parsePorts(text, '0.0.0.0')
    return text === '' ? 'no host' : 'no port'
  }
  const host = text.slice(0, colon)
  const ports = text.slice(colon + 1)
  const address = host === '*' ? '0.0.0.0' : hostAddress(host)
  const checked = parsePorts(ports, address ?? '')
  if (typeof checked === 'string') return checked
  if (host === '') return 'no host'
  return address === undefined ? 'host not found' : checked
}

/** Names are not looked up when a configuration is read, save the one every system knows. */
function hostAddress(host: string): string | undefined {
  if (host.toLowerCase() === 'localhost') return '127.0.0.1'
  const address = parseAddress(host)
  return address?.family === 4 && !host.includes(':') ? address.text : undefined
}

function parseUnix(path: string): readonly ListenAddress[] | string {
  if (path === '') return 'no path in the unix domain socket'
  if (Buffer.byteLength(path) > maxUnixPath) return 'too long path in the unix domain socket'
  return [{ kind: 'unix', path, text: `unix:${path}` }]
}

function parseV6(text: string): readonly ListenAddress[] | string {
  const close = text.indexOf(']')
  if (close === -1) return 'invalid host'
  const rest = text.slice(close + 1)
  if (rest === '') return 'no port'
  if (!rest.startsWith(':')) return 'invalid host'
  const host = text.slice(1, close)
  const isMapped = /^::ffff:[0-9.]+$/i.test(host)
  const address = parseAddress(host)
  const shown = isMapped ? host.toLowerCase() : (address?.text ?? '')
  const ports = parsePorts(rest.slice(1), `[${shown}]`)
  if (typeof ports === 'string') return ports
  if (host === '') return 'no host'
  return !host.includes(':') || address === undefined ? 'invalid IPv6 address' : ports
}

/** `143` or `143-145`; `host` is as it stands before the colon. */
function parsePorts(text: string, host: string): readonly ListenAddress[] | string {
  const [first = '', last = first, ...rest] = text.split('-')
  const [from, to] = [parsePort(first), parsePort(last)]
  if (from === undefined || to === undefined || rest.length > 0) return 'invalid port'
  if (from > to) return 'invalid port range'
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const port = from + index
    return { kind: 'tcp', host: bare, port, text: `${host}:${port}` }
  })
}

function parsePort(text: string): number | undefined {
  const port = parseNumber(text)
  return port === undefined || port < 1 || port > maxPort ? undefined : port
}

function readParameter(word: Word): ListenOptions | Problem {
  const { text } = word
  const equals = text.indexOf('=')
  const [name, value] = equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
  const wrong = (message: string): Problem => ({ code: 'nginx.bad_value', message, word })
  switch (equals === -1 ? name : `${name}=`) {
    case 'ssl':
      return { isTls: true }
    case 'proxy_protocol':
      return { isProxyProtocol: true }
    // A listener is always bound by itself, and with MPTCP where the system does that unasked.
    case 'bind':
    case 'multipath':
      return {}
    case 'backlog=': {
      const backlog = parseNumber(value)
      return backlog === undefined || backlog === 0
        ? wrong(`invalid backlog "${text}"`)
        : { backlog }
    }
    case 'mode=':
      if (/^0?[0-7]{3}$/.test(value)) return { fileMode: Number.parseInt(value, 8) }
      return wrong(`invalid mode "${text}"`)
    case 'rcvbuf=': {
      const receiveBytes = parseSize(value)
      return receiveBytes === undefined ? wrong(`invalid rcvbuf "${text}"`) : { receiveBytes }
    }
    case 'sndbuf=': {
      const sendBytes = parseSize(value)
      return sendBytes === undefined ? wrong(`invalid sndbuf "${text}"`) : { sendBytes }
    }
    case 'ipv6only=':
      if (value === 'on' || value === 'off') return { isV6Only: value === 'on' }
      // nginx looks at the first letter to know its own parameter.
      return wrong(
        value.startsWith('o')
          ? `invalid ipv6only flags "${value}"`
          : `the invalid "${text}" parameter`,
      )
    case 'so_keepalive=': {
      const keepalive = parseKeepalive(value)
      if (keepalive === undefined) return wrong(`invalid so_keepalive value: "${value}"`)
      return { keepalive }
    }
    default:
      return wrong(`the invalid "${text}" parameter`)
  }
}

/** `on`, `off`, or `idle:interval:count`, each of which may be left out. */
function parseKeepalive(text: string): Keepalive | 'off' | undefined {
  if (text === 'off') return 'off'
  if (text === 'on') return {}
  const [idle = '', interval = '', ...rest] = text.split(':')
  const count = rest.join(':')
  const idleSeconds = idle === '' ? 0 : parseSeconds(idle)
  const intervalSeconds = interval === '' ? 0 : parseSeconds(interval)
  const probeCount = count === '' ? 0 : parseNumber(count)
  if (idleSeconds === undefined || intervalSeconds === undefined || probeCount === undefined) {
    return undefined
  }
  if (idleSeconds + intervalSeconds + probeCount === 0) return undefined
  return {
    ...(idleSeconds === 0 ? {} : { idleSeconds }),
    ...(intervalSeconds === 0 ? {} : { intervalSeconds }),
    ...(probeCount === 0 ? {} : { probeCount }),
  }
}
