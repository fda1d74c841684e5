// Directives of nginx's core and events modules.

import { eventType, workerConnections, workerProcesses } from '../core-values.ts'
import { anyNumber, moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { errorLog } from '../error-log-value.ts'
import { block, choice, flag, milliseconds, number, offset, text, texts } from '../values.ts'

const startedAs = 'start the daemon as the user it shall run as'
const threads = 'its workers are threads of one process'
const eventLoop = 'the event loop of Node.js decides it'

const acted: readonly DirectiveSpec[] = moduleRows('core', [
  {
    name: 'daemon',
    in: 'main',
    type: flag,
    default: 'off',
    about: 'detaches from the terminal; nginx does so by default, Postern when told',
  },
  { name: 'pid', in: 'main', type: text, about: 'names the file that holds the process id' },
  {
    name: 'worker_processes',
    in: 'main',
    type: workerProcesses,
    default: '1',
    about: 'says how many workers share the listeners',
  },
  {
    name: 'worker_shutdown_timeout',
    in: 'main',
    type: milliseconds,
    about: 'ends the sessions still relayed so long after a quit; 0 waits for all of them',
  },
  {
    name: 'worker_rlimit_nofile',
    in: 'main',
    type: number,
    about: 'warns when the daemon may open fewer files; only who starts it can raise the limit',
  },
  {
    name: 'error_log',
    in: 'main mail server',
    args: [1, anyNumber],
    type: errorLog,
    duplicate: 'adds',
    inherit: 'list',
    about:
      'names a log and the least severe level it takes; in mail and server, for the sessions there',
  },
  {
    name: 'events',
    in: 'main',
    args: 0,
    type: block,
    block: 'events',
    about: 'must be there; what is in it belongs to nginx',
  },
])

const ignored: readonly DirectiveSpec[] = moduleRows(
  'core',
  (
    [
      { name: 'user', args: [1, 2], type: texts, about: startedAs },
      { name: 'master_process', type: flag, about: threads },
      { name: 'worker_priority', type: text, about: 'set the priority where it is started' },
      { name: 'worker_cpu_affinity', args: [1, anyNumber], type: texts, about: threads },
      {
        name: 'worker_rlimit_core',
        type: offset,
        about: 'set the limit of core files where the daemon is started',
      },
      {
        name: 'working_directory',
        type: text,
        about: 'it says where nginx leaves core files; start the daemon in that directory',
      },
      {
        name: 'env',
        type: text,
        duplicate: 'adds',
        about: 'it passes its environment to nobody',
      },
      {
        name: 'load_module',
        type: text,
        duplicate: 'adds',
        about: 'it loads no modules; what it can do is built in',
      },
      { name: 'lock_file', type: text, about: 'it needs no lock file' },
      { name: 'timer_resolution', type: milliseconds, about: eventLoop },
      { name: 'debug_points', type: choice(['stop', 'abort']), about: 'it has no debug points' },
      { name: 'pcre_jit', type: flag, about: 'it uses no PCRE' },
      { name: 'thread_pool', args: [2, 3], type: texts, duplicate: 'adds', about: eventLoop },
      { name: 'ssl_engine', type: text, about: 'the TLS library of Node.js decides it' },
      {
        name: 'google_perftools_profiles',
        type: text,
        about: 'profile it with the tools of Node.js',
      },
    ] as const
  ).map((row) => ({ ...row, in: 'main', status: 'warns' as const })),
)

const events: readonly DirectiveSpec[] = moduleRows(
  'events',
  (
    [
      {
        name: 'worker_connections',
        type: workerConnections,
        about: 'the limit of open files decides how many sessions there can be',
      },
      { name: 'use', type: eventType, about: eventLoop },
      { name: 'multi_accept', type: flag, about: eventLoop },
      { name: 'accept_mutex', type: flag, agreesWith: 'off', about: 'it needs no accept mutex' },
      { name: 'accept_mutex_delay', type: milliseconds, about: 'it needs no accept mutex' },
      {
        name: 'debug_connection',
        type: text,
        duplicate: 'adds',
        about: 'its debugging log is not chosen by client',
      },
      { name: 'worker_aio_requests', type: number, about: eventLoop },
      { name: 'epoll_events', type: number, about: eventLoop },
    ] as const
  ).map((row) => ({ ...row, in: 'events', status: 'warns' as const })),
)

/** Core and events. */
export const coreDirectives: readonly DirectiveSpec[] = [...acted, ...ignored, ...events]
