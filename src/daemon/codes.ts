// Codes of the errors and diagnostics of the daemon and its command line. docs/errors.md lists
// them.

export const daemonCodes = {
  'daemon.no_configuration': 'The configuration file is not there or cannot be read.',
  'daemon.log_open': 'A log file cannot be opened.',
  'daemon.already_running': 'A live daemon holds this pid file.',
  'daemon.pid_file': 'The pid file cannot be written.',
  'daemon.control_socket': 'The control socket cannot be bound or does not answer.',
  'daemon.admin_bind': 'The admin API cannot listen where it shall.',
  'daemon.admin_token':
    'The file of the token of the admin API cannot be used, or others may read it.',
  'daemon.admin_certificate': 'The certificate or the key of the admin API cannot be used.',
  'daemon.node': 'The admin API of another node does not answer, or refuses the request.',
  'daemon.open_files': 'Fewer files may be open than `worker_rlimit_nofile` asks for.',
  'daemon.more_workers_than_processors':
    'More workers are asked for than there are processors to run them.',
  'daemon.zone_too_large': 'A zone is larger than several workers can share.',
  'daemon.duplicate_directive': 'A directive of `-g` is also set by the file.',
  'cluster.no_client':
    'The optional package that speaks to the store of limits over several nodes is not installed.',
  'cluster.secret':
    'A password of that store is not where the configuration says; it is never shown.',
  'cluster.tls_file': 'A certificate, key or CA file of that store could not be read.',
  'cli.no_smtp_server': 'The demo needs the optional dependency smtp-server.',
} as const

export type DaemonCode = keyof typeof daemonCodes
