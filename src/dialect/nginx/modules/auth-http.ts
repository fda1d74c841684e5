// Directives of nginx's mail auth_http module.

import { keepalive } from '../core-values.ts'
import { authUrl } from '../address-values.ts'
import { moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { flag, milliseconds, pair, text } from '../values.ts'

export const authHttpDirectives: readonly DirectiveSpec[] = moduleRows('auth_http', [
  {
    name: 'auth_http',
    in: 'mail server peer',
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
  {
    name: 'auth_http_keepalive',
    type: keepalive,
    default: 'off',
    about: 'keeps so many idle connections to the auth server, and speaks HTTP/1.1 with it',
  },
  {
    name: 'auth_http_ssl_verify',
    type: flag,
    default: 'on',
    about: "verifies an https auth server's certificate and its name",
  },
  {
    name: 'auth_http_ssl_trusted_certificate',
    type: text,
    about: 'names the file of the authorities trusted for it; without it, those of Node.js',
  },
  {
    name: 'auth_http_ssl_name',
    type: text,
    about: 'is the name in its certificate; without it, the host of the URL',
  },
])
