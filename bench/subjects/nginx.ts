// nginx: the stream module's `return` refuses, its `proxy_pass` relays, and the mail
// module logs clients in.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startDaemon, withSbin } from '../process.ts'
import { certificateFiles, loginPorts, mailBlock } from './mail-block.ts'
import { holdSession } from './hold-session.ts'
import { refusalText, strangers } from './subject.ts'
import type { Lab } from '../lab.ts'
import type { Daemon } from '../process.ts'
import type { Found, StartOptions } from './subject.ts'

const howToInstall =
  'install it with: apt-get install nginx-light libnginx-mod-stream libnginx-mod-mail'

interface Build {
  readonly version: string
  /** The lines that load the modules, empty for what is built in. */
  readonly loadModules: string
}

/** Looks for nginx and its modules. */
export function findNginx(): Found {
  const build = inspectBuild()
  if (typeof build === 'string') return { kind: 'missing', name: 'nginx', why: build }
  return {
    kind: 'found',
    version: build.version,
    subjects: [
      {
        id: 'nginx',
        label: 'nginx',
        roles: ['refuse', 'relay', 'login', 'fair'],
        scales: true,
        refusalText,
        // limit_conn of the stream module closes without a word.
        fairRefusalText: '',
        start: (options) =>
          options.role === 'login' ? startMail(build, options) : startStream(build, options),
      },
    ],
  }
}

/** The build facts, or what is missing. nginx prints them on stderr. */
function inspectBuild(): Build | string {
  const { status, stderr } = spawnSync('nginx', ['-V'], {
    encoding: 'utf8',
    env: withSbin(process.env),
  })
  if (status !== 0) return `nginx is not installed; ${howToInstall}`
  const version = /nginx\/(\S+)/.exec(stderr)?.[1] ?? 'unknown'
  const folder = /--modules-path=(\S+)/.exec(stderr)?.[1] ?? ''
  const lines: string[] = []
  for (const module of ['stream', 'mail']) {
    if (new RegExp(`--with-${module}(\\s|$)`).test(stderr)) continue
    const file = join(folder, `ngx_${module}_module.so`)
    if (!existsSync(file)) return `nginx has no ${module} module; ${howToInstall}`
    lines.push(`load_module ${file};`)
  }
  return { version, loadModules: lines.join('\n') }
}

async function startStream(build: Build, options: StartOptions): Promise<Daemon> {
  const { lab, role, upstreamPort } = options
  const port = await lab.freePort()
  const action =
    role === 'refuse' ? `return "${refusalText}\\r\\n";` : `proxy_pass 127.0.0.1:${upstreamPort};`
  const text = `${mainLines(build, options)}
stream {
${role === 'fair' ? fairLimit : ''}  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${action}
  }
}
`
  const daemon = await startNginx(lab, port, { 'nginx.conf': text })
  if (role !== 'fair') return daemon
  const holder = await holdSession(port, strangers)
  return {
    ...daemon,
    async stop() {
      holder.destroy()
      await daemon.stop()
    },
  }
}

// An empty key is not counted.
const fairLimit = `  geo $stranger { default ""; ${strangers} yes; }
  limit_conn_zone $stranger zone=strangers:1m;
  limit_conn strangers 1;
`

async function startMail(build: Build, options: StartOptions): Promise<Daemon> {
  const { lab, authPort } = options
  const ports = await loginPorts(lab)
  const text = `${mainLines(build, options)}\n${mailBlock(ports, authPort, '')}`
  const files = { 'nginx.conf': text, ...(await certificateFiles()) }
  return { ...(await startNginx(lab, ports.imap, files)), ports }
}

function mainLines(build: Build, { lab, workers }: StartOptions): string {
  return `${build.loadModules}
daemon off;
worker_processes ${workers};
worker_rlimit_nofile ${lab.descriptorMax};
pid nginx.pid;
error_log error.log;
events { worker_connections ${lab.descriptorMax}; }`
}

function startNginx(
  lab: Lab,
  port: number,
  files: Readonly<Record<string, string>>,
): Promise<Daemon> {
  const directory = lab.directory(`nginx-${port}`, files)
  const argv = ['nginx', '-p', directory, '-e', 'error.log', '-c', 'nginx.conf'] as const
  const [command, ...args] = lab.command(argv)
  return startDaemon({ command, args, port, directory })
}
