// Directives of nginx's mail ssl module.

import { sessionCache } from '../core-values.ts'
import { anyNumber, moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { choice, flag, number, pair, seconds, set, text } from '../values.ts'

const versions = ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

const identity: readonly DirectiveSpec[] = moduleRows('ssl', [
  {
    name: 'starttls',
    type: choice(['off', 'on', 'only']),
    default: 'off',
    about: 'offers STARTTLS or STLS, or demands it before a login',
  },
  {
    name: 'ssl_certificate',
    type: text,
    duplicate: 'adds',
    inherit: 'list',
    about: 'names the file of a certificate and its chain',
  },
  {
    name: 'ssl_certificate_key',
    type: text,
    duplicate: 'adds',
    inherit: 'list',
    about: 'names the file of the key to the certificate in the same place',
  },
  { name: 'ssl_password_file', type: text, about: 'names the file of passphrases for keys' },
  {
    name: 'ssl_verify_client',
    type: choice(['off', 'on', 'optional', 'optional_no_ca']),
    default: 'off',
    about: 'asks clients for a certificate',
  },
  {
    name: 'ssl_verify_depth',
    type: number,
    default: '1',
    about: "bounds the chain of a client's certificate",
  },
  {
    name: 'ssl_client_certificate',
    type: text,
    about: "names the file of authorities for clients' certificates, which are told to clients",
  },
  {
    name: 'ssl_trusted_certificate',
    type: text,
    about: "names the file of authorities for clients' certificates, which are told to nobody",
  },
  { name: 'ssl_crl', type: text, about: 'names the file of revoked certificates' },
])

const handshake: readonly DirectiveSpec[] = moduleRows('ssl', [
  { name: 'ssl_dhparam', type: text, about: 'names the file of parameters for DHE ciphers' },
  { name: 'ssl_ecdh_curve', type: text, default: 'auto', about: 'lists the curves' },
  {
    name: 'ssl_protocols',
    args: [1, anyNumber],
    type: set(versions),
    duplicate: 'adds',
    inherit: 'list',
    default: 'TLSv1.2 TLSv1.3',
    about: 'lists the versions of TLS',
  },
  {
    name: 'ssl_ciphers',
    type: text,
    default: 'HIGH:!aNULL:!MD5',
    about: 'lists the ciphers up to TLS 1.2',
  },
  {
    name: 'ssl_prefer_server_ciphers',
    type: flag,
    default: 'off',
    about: "lets the server's order of ciphers decide",
  },
  {
    name: 'ssl_session_cache',
    args: [1, 2],
    type: sessionCache,
    duplicate: 'replaces',
    default: 'none',
    about: 'says where sessions are kept that clients may resume',
  },
  {
    name: 'ssl_session_tickets',
    type: flag,
    default: 'on',
    about: 'lets clients resume sessions by tickets',
  },
  {
    name: 'ssl_session_ticket_key',
    type: text,
    duplicate: 'adds',
    inherit: 'list',
    about: 'names the file of a key for tickets',
  },
  {
    name: 'ssl_session_timeout',
    type: seconds,
    default: '5m',
    about: 'bounds the time in which a session can be resumed',
  },
  {
    name: 'ssl_conf_command',
    args: 2,
    type: pair,
    duplicate: 'adds',
    inherit: 'list',
    about: 'passes a command on to OpenSSL, as far as Node.js lets it through',
  },
])

export const sslDirectives: readonly DirectiveSpec[] = [...identity, ...handshake]
