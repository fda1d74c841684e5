// The options about TLS with upstreams: nginx's proxy_ssl directives in Momentum's style.

import { works } from './option-spec.ts'
import type { OptionSpec } from './option-spec.ts'
import { hostName } from './smtp-values.ts'
import { tlsProtocols } from './tls-protocols.ts'
import { choice, flag, pathOrNone, textType } from './values.ts'

const scopes = 'E S I O L W WG P'

export const upstreamTlsOptions: readonly OptionSpec[] = [
  works('Upstream_TLS', { key: 'upstreamTls', scopes, type: choice(['off', 'on', 'starttls']) }),
  works('Upstream_TLS_Verify', { key: 'upstreamTlsVerify', scopes, type: flag }),
  works('Upstream_TLS_CA', { key: 'upstreamTlsCa', scopes, type: pathOrNone }),
  works('Upstream_TLS_Name', { key: 'upstreamTlsName', scopes, type: hostName }),
  works('Upstream_TLS_SNI', { key: 'upstreamTlsSni', scopes, type: flag }),
  works('Upstream_TLS_Certificate', { key: 'upstreamTlsCertificate', scopes, type: pathOrNone }),
  works('Upstream_TLS_Key', { key: 'upstreamTlsKey', scopes, type: pathOrNone }),
  works('Upstream_TLS_Protocols', { key: 'upstreamTlsProtocols', scopes, type: tlsProtocols }),
  works('Upstream_TLS_Ciphers', {
    key: 'upstreamTlsCiphers',
    scopes,
    type: textType('an OpenSSL cipher list', '"HIGH:!aNULL"'),
  }),
]
