// Postern, with a Momentum configuration: a cap of one held by the harness refuses
// everybody else; without a cap it relays. Clients log in by nginx's own configuration, with a
// limit per user added.

import { startDaemon, treeOf } from '../process.ts'
import { certificateFiles, loginPorts, mailBlock } from './mail-block.ts'
import { holdSession } from './hold-session.ts'
import { refusalText, strangers } from './subject.ts'
import type { Daemon } from '../process.ts'
import type { Role, StartOptions, Subject } from './subject.ts'

export interface PosternOptions {
  readonly id: string
  readonly label: string
  /** The Node it runs on. */
  readonly node: string
  /** The built command line. */
  readonly main: string
}

export function posternSubject(options: PosternOptions): Subject {
  return {
    id: options.id,
    label: options.label,
    roles: ['refuse', 'relay', 'login', 'fair'],
    scales: true,
    refusalText,
    start: (startOptions) =>
      startOptions.role === 'login'
        ? startLogin(options, startOptions)
        : startPostern(options, startOptions),
  }
}

async function startPostern(options: PosternOptions, start: StartOptions): Promise<Daemon> {
  const { lab, role, upstreamPort, workers } = start
  const port = await lab.freePort()
  const text = `Workers = ${workers}
PIDFile = "postern.pid"
Error_Log = "error.log"
ESMTP_Listener {
${capsOf(role)}  Upstream = "127.0.0.1:${upstreamPort}"
  Listen "127.0.0.1:${port}" {
    Listen_Backlog = 4096
  }
}
`
  const directory = lab.directory(`${options.id}-${role}`, { 'postern.conf': text })
  const argv = [options.node, options.main, '-p', directory, '-c', 'postern.conf'] as const
  const [command, ...args] = lab.command(argv)
  const daemon = await startDaemon({ command, args, port, directory })
  if (role === 'relay') return served(daemon)
  const holder = await holdSession(port, role === 'fair' ? strangers : undefined)
  return {
    ...daemon,
    pids: treeOf(daemon.pids[0] ?? 0),
    async stop() {
      holder.destroy()
      await daemon.stop()
    },
  }
}

/** With several workers the master listens before there are any; who has served one has them all. */
async function served(daemon: Daemon): Promise<Daemon> {
  const session = await holdSession(daemon.port, undefined)
  session.destroy()
  return { ...daemon, pids: treeOf(daemon.pids[0] ?? 0) }
}

function capsOf(role: Role): string {
  if (role === 'refuse') return '  Service_Sessions = 1\n'
  return role === 'fair' ? `  Peer "${strangers}" {\n    Service_Sessions = 1\n  }\n` : ''
}

// Every login is counted: per user, over all protocols.
const limits = `  limit_conn_zone $remote_user zone=user:10m;
  limit_conn user 1000;`

async function startLogin(
  options: PosternOptions,
  { lab, authPort }: StartOptions,
): Promise<Daemon> {
  const ports = await loginPorts(lab)
  const text = `pid postern.pid;
error_log error.log;
events { }
${mailBlock(ports, authPort, limits)}`
  const files = { 'postern.conf': text, ...(await certificateFiles()) }
  const directory = lab.directory(`${options.id}-login`, files)
  const argv = [options.node, options.main, '-p', directory, '-c', 'postern.conf'] as const
  const [command, ...args] = lab.command(argv)
  return { ...(await startDaemon({ command, args, port: ports.imap, directory })), ports }
}
