// nginx's stream module, one worker: `return` refuses, `proxy_pass` relays.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startDaemon, withSbin } from '../process.ts'
import { refusalText } from './subject.ts'
import type { Daemon } from '../process.ts'
import type { Found, StartOptions } from './subject.ts'

const howToInstall = 'install it with: apt-get install nginx-light libnginx-mod-stream'

interface Build {
  readonly version: string
  /** The line that loads the stream module, empty when it is built in. */
  readonly loadModule: string
}

/** Looks for nginx and its stream module. */
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
        roles: ['refuse', 'relay'],
        refusalText,
        start: (options) => startNginx(build, options),
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
  if (/--with-stream(\s|$)/.test(stderr)) return { version, loadModule: '' }
  const folder = /--modules-path=(\S+)/.exec(stderr)?.[1] ?? ''
  const file = join(folder, 'ngx_stream_module.so')
  if (!existsSync(file)) return `nginx has no stream module; ${howToInstall}`
  return { version, loadModule: `load_module ${file};` }
}

async function startNginx(build: Build, options: StartOptions): Promise<Daemon> {
  const { lab, role, upstreamPort } = options
  const port = await lab.freePort()
  const action =
    role === 'refuse' ? `return "${refusalText}\\r\\n";` : `proxy_pass 127.0.0.1:${upstreamPort};`
  const text = `${build.loadModule}
daemon off;
worker_processes 1;
worker_rlimit_nofile ${lab.descriptorMax};
pid nginx.pid;
error_log error.log;
events { worker_connections ${lab.descriptorMax}; }
stream {
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${action}
  }
}
`
  const directory = lab.directory(`nginx-${role}`, { 'nginx.conf': text })
  const argv = ['nginx', '-p', directory, '-e', 'error.log', '-c', 'nginx.conf'] as const
  const [command, ...args] = lab.command(argv)
  return startDaemon({ command, args, port, directory })
}
