// Directives of nginx's mail auth_http module.

import { authUrl } from '../address-values.ts'
import { moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { flag, milliseconds, pair } from '../values.ts'

export const authHttpDirectives: readonly DirectiveSpec[] = moduleRows('auth_http', [
  {
    name: 'auth_http',
    type: authUrl,
    duplicate: 'replaces',
    about: 'asks an HTTP server whether a login is right and where to relay it',
  },
  {
    name: 'auth_http_timeout',
    type: milliseconds,
    default: '60s',
    about: 'bounds the wait for the answer of the auth server',
  },
  {
    name: 'auth_http_header',
    args: 2,
    type: pair,
    duplicate: 'adds',
    inherit: 'list',
    about: 'adds a header to the request',
  },
  {
    name: 'auth_http_pass_client_cert',
    type: flag,
    default: 'off',
    about:
      "sends the client's certificate to the auth server, where ssl_verify_client asks for one",
  },
])
