// Directives of freenginx's mail limit_conn module, which Postern also takes in a `peer`.

import { moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { limit, limitZone } from '../limit-values.ts'
import { choice, flag } from '../values.ts'

export const limitConnDirectives: readonly DirectiveSpec[] = moduleRows('limit_conn', [
  {
    name: 'limit_conn_zone',
    in: 'mail',
    args: [2, 7],
    type: limitZone,
    duplicate: 'adds',
    about: 'declares a zone that counts sessions by a key',
  },
  {
    name: 'limit_conn',
    in: 'mail server peer',
    args: [2, 4],
    type: limit,
    duplicate: 'adds',
    inherit: 'list',
    about: 'caps the sessions of each key of a zone',
  },
  {
    name: 'limit_conn_log_level',
    in: 'mail server peer',
    type: choice(['info', 'notice', 'warn', 'error']),
    default: 'error',
    about: 'is the level at which a refusal is logged',
  },
  {
    name: 'limit_conn_dry_run',
    in: 'mail server peer',
    type: flag,
    default: 'off',
    about: 'counts and logs, and refuses nobody',
  },
])
