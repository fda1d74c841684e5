// systemd's socket activation (sd_listen_fds): which descriptors this process was started with.

import type { GivenDescriptor } from '../gateway/handed-sockets.ts'

/** The first one, as systemd passes them. */
const firstDescriptor = 3
/** More listening sockets than any unit names; a number beyond it is no number of sockets. */
const socketsMax = 4096

const variables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'] as const

/**
 * The sockets that were handed to one of `pids`, which are this process and, where it went into the
 * background, the one that was started.
 */
export function descriptorsOf(
  env: Readonly<NodeJS.ProcessEnv>,
  pids: readonly number[],
): readonly GivenDescriptor[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count = '', LISTEN_FDNAMES: names = '' } = env
  if (pid === undefined || !pids.includes(Number(pid)) || !/^[1-9]\d{0,4}$/.test(count)) return []
  const named = names.split(':')
  return Array.from({ length: Math.min(Number(count), socketsMax) }, (_, at) => ({
    fd: firstDescriptor + at,
    // The word that systemd itself has for no name.
    name: named[at] || 'unknown',
  }))
}

/** The sockets are ours alone: no process that we start may take them for its own. */
export function forgetActivation(env: NodeJS.ProcessEnv): void {
  for (const variable of variables) Reflect.deleteProperty(env, variable)
}
