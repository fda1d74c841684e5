// haproxy in TCP mode. It has no words for a refused TCP client, so it appears twice:
// as configured, closing without a word, and with a Lua service that sends the text.

import { spawnSync } from 'node:child_process'
import { startDaemon, withSbin } from '../process.ts'
import { refusalText } from './subject.ts'
import type { Daemon } from '../process.ts'
import type { Found, StartOptions, Subject } from './subject.ts'

type Refusal = 'silent' | 'lua'

const luaText = `core.register_service('refuse', 'tcp', function(applet)
  applet:send("${refusalText}\\r\\n")
end)
`

/** Looks for haproxy, and whether it was built with Lua. */
export function findHaproxy(): Found {
  const env = withSbin(process.env)
  const { status, stdout } = spawnSync('haproxy', ['-vv'], { encoding: 'utf8', env })
  if (status !== 0) {
    const why = 'haproxy is not installed; install it with: apt-get install haproxy'
    return { kind: 'missing', name: 'haproxy', why }
  }
  const version = /version (\d[\d.]*)/i.exec(stdout)?.[1] ?? 'unknown'
  const silent: Subject = {
    id: 'haproxy',
    label: 'haproxy',
    roles: ['refuse', 'relay'],
    scales: true,
    refusalText: '',
    start: (options) => startHaproxy('silent', options),
  }
  const lua: Subject = {
    id: 'haproxy-lua',
    label: 'haproxy, text by Lua',
    roles: ['refuse'],
    refusalText,
    start: (options) => startHaproxy('lua', options),
  }
  const hasLua = stdout.includes('Built with Lua')
  return { kind: 'found', version, subjects: hasLua ? [silent, lua] : [silent] }
}

async function startHaproxy(refusal: Refusal, options: StartOptions): Promise<Daemon> {
  const { lab, role, upstreamPort, workers } = options
  const port = await lab.freePort()
  const text = `global
  nbthread ${workers}
  maxconn ${Math.floor(lab.descriptorMax / 2) - 200}
${role === 'refuse' && refusal === 'lua' ? '  lua-load refuse.lua\n' : ''}defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
listen gate
  bind 127.0.0.1:${port} backlog 4096
  ${actionOf(refusal, options)}
  server upstream 127.0.0.1:${upstreamPort}
`
  const name = `haproxy-${role}-${refusal}`
  const directory = lab.directory(name, { 'haproxy.cfg': text, 'refuse.lua': luaText })
  const [command, ...args] = lab.command(['haproxy', '-db', '-f', 'haproxy.cfg'])
  return startDaemon({ command, args, port, directory })
}

function actionOf(refusal: Refusal, { role }: StartOptions): string {
  if (role === 'relay') return ''
  if (refusal === 'silent') return 'tcp-request connection reject'
  return 'tcp-request content use-service lua.refuse'
}
