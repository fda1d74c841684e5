// Directives of nginx's mail ssl module.

import { sessionCache } from '../core-values.ts'
import { anyNumber, moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { confCommand } from '../ssl-values.ts'
import { choice, flag, number, seconds, set, text } from '../values.ts'

export const tlsVersionWords: readonly string[] = [
  'SSLv2',
  'SSLv3',
  'TLSv1',
  'TLSv1.1',
  'TLSv1.2',
  'TLSv1.3',
]

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
    about:
      'names the file of a certificate and its chain; of several, clients get the one whose name they ask for, else the first, and the kind of key they can use',
  },
  {
    name: 'ssl_certificate_key',
    type: text,
    duplicate: 'adds',
    inherit: 'list',
    about: 'names the file of the key to the certificate in the same place',
  },
  {
    name: 'ssl_password_file',
    type: text,
    about: 'names the file of the passphrases of keys, one a line; each is tried',
  },
])

const clients: readonly DirectiveSpec[] = moduleRows('ssl', [
  {
    name: 'ssl_verify_client',
    type: choice(['off', 'on', 'optional', 'optional_no_ca', 'require', 'lenient']),
    default: 'off',
    about: 'asks clients for a certificate, and tells the auth server what it is worth',
  },
  {
    name: 'ssl_verify_depth',
    type: number,
    default: '1',
    about: "bounds the authorities between a client's certificate and the root",
  },
  {
    name: 'ssl_client_certificate',
    type: text,
    about: "names the file of authorities for clients' certificates, which are told to clients",
  },
  {
    name: 'ssl_trusted_certificate',
    type: text,
    about: "names a file of more authorities for clients' certificates",
  },
  {
    name: 'ssl_crl',
    type: text,
    about: 'names the file of revoked certificates',
  },
])

const handshake: readonly DirectiveSpec[] = moduleRows('ssl', [
  {
    name: 'ssl_dhparam',
    type: text,
    about: 'names the file of the parameters for ciphers with DHE',
  },
  {
    name: 'ssl_ecdh_curve',
    type: text,
    default: 'auto',
    about: 'lists the groups for the key exchange',
  },
  {
    name: 'ssl_protocols',
    args: [1, anyNumber],
    type: set(tlsVersionWords),
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
    about: "goes by the order of the gate's ciphers, not of the client's",
  },
  {
    name: 'ssl_conf_command',
    args: 2,
    type: confCommand,
    duplicate: 'adds',
    inherit: 'list',
    about:
      'passes a command on to the TLS library; one that Node.js has no way to pass on is an error',
  },
])

const sessions: readonly DirectiveSpec[] = moduleRows('ssl', [
  {
    name: 'ssl_session_cache',
    args: [1, 2],
    type: sessionCache,
    duplicate: 'replaces',
    default: 'none',
    status: 'warns',
    agreesWith: 'none',
    about: 'clients resume sessions by tickets, which need no cache',
  },
  {
    name: 'ssl_session_tickets',
    type: flag,
    default: 'on',
    about: 'lets clients come back to their TLS session by a ticket',
  },
  {
    name: 'ssl_session_ticket_key',
    type: text,
    duplicate: 'adds',
    inherit: 'list',
    about: 'names the file of a key that tickets are sealed with',
  },
  {
    name: 'ssl_session_timeout',
    type: seconds,
    default: '5m',
    about: 'bounds the time in which a client may come back to its TLS session',
  },
])

export const sslDirectives: readonly DirectiveSpec[] = [
  ...identity,
  ...clients,
  ...handshake,
  ...sessions,
]
