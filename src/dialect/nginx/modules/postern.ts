// Directives that nginx does not have: Momentum's caps, and what Postern adds.

import { cluster } from '../cluster-values.ts'
import { sessionsCap } from '../core-values.ts'
import { adminEndpoint, sourceBlock, upstreams } from '../address-values.ts'
import { anyNumber, moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { choice, flag, milliseconds, text } from '../values.ts'

const caps: readonly DirectiveSpec[] = moduleRows(
  'postern',
  (
    [
      {
        name: 'service_sessions',
        args: [1, 4],
        type: sessionsCap,
        about: 'caps the sessions of a protocol over all servers; 0 is no limit',
      },
      {
        name: 'listener_sessions',
        args: [1, 4],
        type: sessionsCap,
        about: 'caps the sessions of each listen; 0 is no limit',
      },
      {
        name: 'service_sessions_dry_run',
        type: flag,
        default: 'off',
        about: 'counts and logs what service_sessions would refuse, and refuses nobody',
      },
      {
        name: 'listener_sessions_dry_run',
        type: flag,
        default: 'off',
        about: 'counts and logs what listener_sessions would refuse, and refuses nobody',
      },
    ] as const
  ).map((row) => ({ ...row, in: 'mail server peer' })),
)

const others: readonly DirectiveSpec[] = moduleRows('postern', [
  {
    name: 'peer',
    args: [1, 2],
    type: sourceBlock,
    block: 'peer',
    duplicate: 'adds',
    inherit: 'list',
    about: 'holds the caps and timeouts for one block of source addresses',
  },
  {
    name: 'proxy_pass',
    in: 'mail server peer',
    args: [1, anyNumber],
    type: upstreams,
    about: 'names the mail servers behind, when no auth server does',
  },
  {
    name: 'proxy_imap_id',
    type: flag,
    default: 'off',
    about: "tells an IMAP upstream that offers ID the client's address before the login",
  },
  {
    name: 'auth_users',
    type: text,
    about: 'names a file of users that decides about logins, in place of an auth server; or off',
  },
  {
    name: 'auth_upstream',
    type: flag,
    default: 'off',
    about: 'tries each login at the mail server of proxy_pass, in place of an auth server',
  },
  {
    name: 'auth_fail_delay',
    type: milliseconds,
    default: '2s',
    about: 'is how long a wrong login waits for its answer under auth_users and auth_upstream',
  },
  {
    name: 'log_format',
    in: 'main',
    type: choice(['nginx', 'json']),
    default: 'nginx',
    about: 'is how the error log is written',
  },
  {
    name: 'admin',
    in: 'main',
    type: adminEndpoint,
    about: 'binds the admin API and the metrics: a loopback address, or unix:/path',
  },
  {
    name: 'admin_token_file',
    in: 'main',
    type: text,
    about: 'names the file of the token that the admin API asks for',
  },
  {
    name: 'admin_certificate',
    in: 'main',
    type: text,
    about: 'names the certificate of the admin API, which then speaks TLS alone',
  },
  {
    name: 'admin_certificate_key',
    in: 'main',
    type: text,
    about: 'names the key of admin_certificate',
  },
  {
    name: 'cluster',
    in: 'main',
    args: [1, anyNumber],
    type: cluster,
    about: 'names the store that counts over all nodes',
  },
])

export const posternDirectives: readonly DirectiveSpec[] = [...caps, ...others]
