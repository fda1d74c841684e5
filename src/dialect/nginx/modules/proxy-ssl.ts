// TLS to the upstream, which nginx's mail proxy does not have: the names are those of its stream
// proxy.

import { anyNumber, moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { flag, flagOr, set, text } from '../values.ts'
import { tlsVersionWords } from './ssl.ts'

export const proxySslDirectives: readonly DirectiveSpec[] = moduleRows('postern', [
  {
    name: 'proxy_ssl',
    type: flagOr(['starttls']),
    default: 'off',
    about: 'encrypts what goes to the upstream, from the first byte or after STARTTLS or STLS',
  },
  {
    name: 'proxy_ssl_verify',
    type: flag,
    default: 'on',
    about: "verifies the upstream's certificate and its name",
  },
  {
    name: 'proxy_ssl_trusted_certificate',
    type: text,
    about: 'names the file of the authorities trusted for upstreams; without it, those of Node.js',
  },
  {
    name: 'proxy_ssl_name',
    type: text,
    about: "is the name in the upstream's certificate; without it, the host of the address",
  },
  {
    name: 'proxy_ssl_server_name',
    type: flag,
    default: 'on',
    about: 'tells the upstream that name (SNI)',
  },
  {
    name: 'proxy_ssl_certificate',
    type: text,
    about: 'names the file of the certificate that is shown to upstreams',
  },
  {
    name: 'proxy_ssl_certificate_key',
    type: text,
    about: 'names the file of the key to it; without it, the same file',
  },
  {
    name: 'proxy_ssl_protocols',
    args: [1, anyNumber],
    type: set(tlsVersionWords),
    duplicate: 'adds',
    inherit: 'list',
    default: 'TLSv1.2 TLSv1.3',
    about: 'lists the versions of TLS for upstreams',
  },
  {
    name: 'proxy_ssl_ciphers',
    type: text,
    default: 'DEFAULT',
    about: 'lists the ciphers for upstreams up to TLS 1.2',
  },
])
