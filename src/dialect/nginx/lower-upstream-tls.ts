// The proxy_ssl directives of one server: TLS to its upstreams.

import { listed } from '../report.ts'
import { tlsVersions } from '../../policy/options.ts'
import type { UpstreamTlsMode } from '../../policy/options.ts'
import { put, spanOf } from './draft.ts'
import { resolved } from './lower-tls.ts'
import { lowerFlag, lowerText } from './lower-values.ts'
import type { Place } from './lower-values.ts'

export function lowerUpstreamTls(place: Place): void {
  const found = place.view.last('proxy_ssl')
  if (found === undefined) return
  const { value } = found
  const isOn = value.kind === 'flag' && value.isOn
  const mode: UpstreamTlsMode = value.kind === 'choice' ? 'starttls' : isOn ? 'on' : 'off'
  put(place.draft, 'upstreamTls', mode, spanOf(found))
  // The others are of no use then, and reported as such.
  if (mode === 'off') return
  lowerFlag(place, 'proxy_ssl_verify', 'upstreamTlsVerify')
  lowerFlag(place, 'proxy_ssl_server_name', 'upstreamTlsSni')
  lowerText(place, 'proxy_ssl_name', 'upstreamTlsName')
  lowerText(place, 'proxy_ssl_ciphers', 'upstreamTlsCiphers')
  lowerFile(place, 'proxy_ssl_trusted_certificate', 'upstreamTlsCa')
  lowerFile(place, 'proxy_ssl_certificate', 'upstreamTlsCertificate')
  lowerFile(place, 'proxy_ssl_certificate_key', 'upstreamTlsKey')
  lowerProtocols(place)
}

function lowerFile(
  place: Place,
  name: string,
  option: 'upstreamTlsCa' | 'upstreamTlsCertificate' | 'upstreamTlsKey',
): void {
  const found = place.view.last(name)
  if (found?.value.kind !== 'text') return
  put(place.draft, option, { path: resolved(place, found.value.text) }, spanOf(found))
}

function lowerProtocols({ view, draft, lowering }: Place): void {
  const found = view.all('proxy_ssl_protocols')
  const [first] = found
  if (first === undefined) return
  const { report } = lowering
  const span = spanOf(first)
  const words = found.flatMap(({ value }) => (value.kind === 'set' ? value.choices : []))
  const gone = words.filter((word) => word.startsWith('SSL'))
  if (gone.length > 0) {
    const message = `Postern does not act on ${listed(gone)}: no TLS library of today has it`
    report.warn({ code: 'nginx.ignored_directive', message, span })
  }
  const wanted = tlsVersions.filter((version) => words.includes(version))
  if (wanted.length > 0) put(draft, 'upstreamTlsProtocols', wanted, span)
  else {
    const message = '"proxy_ssl_protocols" leaves no version of TLS'
    report.error({ code: 'nginx.bad_value', message, span })
  }
}
