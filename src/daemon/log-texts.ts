// Every log text of the daemon, with what it means. docs/errors.md lists them from here.

/** What varies stands in angle brackets; the level comes first. */
export const daemonLogs = {
  'limiting sessions by service_sessions "<scope>" (<used>/<cap>)':
    'error: a session was refused at connect; the scope is the one in which the deciding cap stands.',
  'limiting sessions by listener_sessions "<scope>" (<used>/<cap>)':
    'error: the same, by the cap of one Listen.',
  'limiting sessions, dry run, by service_sessions "<scope>" (<used>/<cap>)':
    'error: a limit in dry run was at its cap; the session went on (SEMANTICS S18).',
  'limiting sessions, dry run, by listener_sessions "<scope>" (<used>/<cap>)':
    'error: the same, by the cap of one Listen.',
  'limiting connections by zone "<zone>"':
    'info to error, as limit_conn_log_level says: a session was refused after authentication.',
  'limiting connections, dry run, by zone "<zone>"':
    'the same level: a limit after authentication was at its cap in dry run; the session went on.',
  'client logged in': 'info: a session was admitted after authentication.',
  'ngx_slab_alloc() failed: no memory in limit_conn_zone "<zone>"':
    'crit: a zone has no room for a new state; the session was refused (SEMANTICS S16).',
  '<kind>... and <n> more like it were not logged':
    'its own level: records of one kind came faster than the log takes them.',
  'client <address and port> connected to <listen>': 'info: a session was admitted at connect.',
  'proxied session done': 'info: a session that was relayed ended, and its slots came back.',
  'session closed': 'info: a session ended before it was relayed, and its slots came back.',
  'the store is away (<why>: <detail>), limits over all nodes do as When_Away says':
    'error: the store that counts over all nodes does not answer, or waits to hear from every node after it had lost its data; each limit does what its When_Away says.',
  'the store counts, nodes: <n>':
    'notice: limits over all nodes count over so many; with "again after <n> ms" it had been away.',
  'the store differed by <n> from what this node wrote, everything is published anew':
    'warn: a failover or somebody else had changed what the store holds; it is whole again with this line.',
  'limiting … (<used>/<cap>), store away':
    'as the same line without it: the cap is what this node may admit alone, 0 with When_Away refuse.',
  'self-audit: drift <n>, leaked <n>, unknown <n>':
    'crit: the counts do not agree with the open sockets, which is a defect; at debug when they do (SEMANTICS S20).',
  'postern/<version>, node <version>': 'notice: the daemon starts.',
  'ready, revision <n>, <n> listens bound':
    'notice: every listener is bound, the pid file is written.',
  'stale pid file "<path>" is overwritten':
    'notice: a pid file was left behind by a daemon that did not end by itself.',
  'postern is already running as process <pid> with pid file "<path>"':
    'emerg: a live daemon holds the pid file; this one does not start.',
  'bind() to control socket "<path>" failed (<errno>)':
    'warn: the daemon serves, but `postern status`, `sessions` and `explain --live` cannot ask it.',
  'signal <n> (<name>) received, <what follows>': 'notice: an operator signalled the daemon.',
  'signal <n> (<name>) received, nothing is done: a new version needs a restart':
    'warn: nginx replaces its program at USR2, Postern does not. With ports that systemd holds a restart refuses nobody.',
  'reload done, revision <n>, <n> listens bound, <n> live sessions re-counted':
    'notice: the new configuration is in force (SEMANTICS S19).',
  'reload failed, revision <n> stays in force':
    'error: the configuration is wrong, as the lines before say; nothing changed.',
  'cap of <limit> changed from <n> to <n> until the next reload, revision <n>':
    'notice: somebody changed it over the control socket or the admin API.',
  'caps are as they are written again, after the changes of <limits>':
    'notice: a reload put back what somebody had changed.',
  'admin API on <url>': 'notice: where it listens.',
  'bind() of the admin API to <address> failed (<errno>)':
    'emerg: nothing is served without it; another process may listen there.',
  'admin API: <stack>': 'error: a request met a defect of Postern; the others go on.',
  'the changed address of the admin API takes effect at the next start':
    'warn: a reload changed Admin.',
  'TLS of the admin API changes at the next start':
    'warn: a reload added its certificate, or took it away.',
  'the changed pid file takes effect at the next start': 'warn: a reload changed PIDFile.',
  'the changed number of workers takes effect at the next start': 'warn: a reload changed Workers.',
  '<state>, the reload is ignored': 'warn: the daemon is on its way out.',
  '<message> in <file>:<line>':
    'emerg, warn or notice: an error, warning or note about the configuration.',
  'open() "<path>" failed (<errno>)': 'emerg: a log file could not be opened.',
  'exiting on a defect: <stack>': 'alert: Postern found a defect in itself and ends.',
  'worker <n> <why>; its sessions are gone and their slots free, the next one starts in <n> ms':
    'alert: a worker thread died; the others go on (SEMANTICS S20).',
  'worker <n> has not had a turn for 20 s and is ended':
    'alert: a worker thread hangs; its sessions end with it, and another one takes its place.',
  'systemd cannot be told how the daemon is: <why>':
    'warn: NOTIFY_SOCKET is set and `systemd-notify` cannot be run; the daemon serves all the same.',
  "systemd's watchdog is not told that all is well: <why>":
    'warn: a worker has not answered in time, or does not serve; said once, until all do again.',
  'worker <n> could not start: <why>': 'alert: it is tried again, each time after longer.',
  'worker <n> serves again': 'notice: a worker that died has a successor.',
  'host process <pid> ended (<how>); its sessions are gone, the next one starts in <n> ms':
    'alert: the process of the workers died; no listening socket was closed.',
  'the host process could not start: <why>; its sessions are gone, the next one starts in <n> ms':
    'alert: it is tried again, each time after longer.',
  'host process <pid> serves again': 'notice: every worker of the new host serves.',
  'the host process failed: <why>': 'alert: it could not be started or signalled.',
  'the master process is gone, its workers end':
    'alert: the master died; the host ended its sessions, since no other daemon would count them.',
  'worker ends on a defect: <stack>': 'alert: Postern found a defect in itself; one worker ends.',
  exit: 'notice: the daemon has stopped.',
} as const
