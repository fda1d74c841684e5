// From `listen` to Listens: nginx's names of the sockets, and what their parameters ask for.

import { parseBlock } from '../../base/address.ts'
import type { Endpoint } from '../../base/address.ts'
import type { Listen } from '../../policy/policy.ts'
import type { CheckedDirective } from './checked.ts'
import type { ListenAddress, ListenValue } from './listen.ts'
import { put, spanOf } from './draft.ts'
import type { Lowering, OptionsDraft } from './draft.ts'
import type { Place } from './lower-values.ts'

/** nginx gives everybody access to its sockets. */
const unixMode = 0o666

export function listensOf(directive: CheckedDirective, lowering: Lowering): readonly Listen[] {
  const { value } = directive
  if (value.kind !== 'listen') return []
  lowering.used.add(directive)
  warnParameters(directive, value, lowering)
  return value.addresses.map((address): Listen => {
    const options = optionsOf(directive, value)
    const span = spanOf(directive)
    if (address.kind === 'unix') put(options, 'fileMode', value.fileMode ?? unixMode, span)
    return {
      kind: 'listen',
      id: address.text,
      label: `listen ${address.text}`,
      endpoint: endpointOf(address, value.isV6Only ?? true),
      options,
      span,
      peers: [],
    }
  })
}

function endpointOf(address: ListenAddress, isIpv6Only: boolean): Endpoint {
  const { text } = address
  if (address.kind === 'unix') return { kind: 'unix', path: address.path, text }
  const { host, port } = address
  return {
    kind: 'tcp',
    host,
    port,
    text,
    ...(host === '::' && isIpv6Only ? { isIpv6Only: true } : {}),
  }
}

function optionsOf(directive: CheckedDirective, value: ListenValue): OptionsDraft {
  const draft: OptionsDraft = {}
  const span = spanOf(directive)
  if (value.isTls === true) put(draft, 'useTls', true, span)
  if (value.isProxyProtocol === true) put(draft, 'proxyProtocol', true, span)
  if (value.backlog !== undefined) put(draft, 'listenBacklog', value.backlog, span)
  return draft
}

/** What the operating system does as it likes. */
function warnParameters(
  { args }: CheckedDirective,
  value: ListenValue,
  { report }: Lowering,
): void {
  const system = 'the operating system decides it'
  const ignored: readonly (readonly [string, boolean])[] = [
    ['rcvbuf=', value.receiveBytes !== undefined],
    ['sndbuf=', value.sendBytes !== undefined],
    ['so_keepalive=', value.keepalive !== undefined && value.keepalive !== 'off'],
  ]
  for (const [name, isSet] of ignored) {
    const word = args.findLast(({ text }) => text.startsWith(name))
    if (!isSet || word === undefined) continue
    const message = `Postern does not act on "${word.text}": ${system}`
    report.warn({ code: 'nginx.ignored_directive', message, span: word.span })
  }
}

/** nginx believes a PROXY header only of those that set_real_ip_from names: of nobody without it. */
export function lowerTrustedProxies(place: Place, listen: CheckedDirective): void {
  const found = place.view.all('set_real_ip_from')
  const texts = found.flatMap(({ value }) => (value.kind === 'text' ? [value.text] : []))
  const blocks = texts.flatMap((text) => parseBlock(text)?.block ?? [])
  const isUnixTrusted = texts.includes('unix:')
  put(place.draft, 'realIpFrom', { blocks, isUnixTrusted }, spanOf(found[0] ?? listen))
}
