// The mail servers of npm that operators put in front, one process each: Haraka with a plugin that
// counts, and smtp-server with its maxClients. They answer clients themselves; nothing is behind them.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startDaemon } from '../process.ts'
import { holdSession } from './hold-session.ts'
import { refusalText } from './subject.ts'
import type { Daemon } from '../process.ts'
import type { Found, StartOptions, Subject } from './subject.ts'

const packages = { Haraka: '3.3.4', 'smtp-server': '3.21.6' } as const

// Newest releases of what Haraka's mail parser needs are not in every registry; these are.
const overrides = {
  'encoding-japanese': '2.4.0',
  libqp: '2.1.1',
  libbase64: '1.3.0',
  libmime: '5.4.2',
  '@zone-eu/mailsplit': '5.4.15',
}

// A registry that does not answer must not hold up the bench for longer.
const installMs = 180_000

/** By id: the package, and how it is started. */
const gates = [
  {
    id: 'haraka',
    name: 'Haraka',
    refusalText,
    startIn: startHaraka,
  },
  {
    id: 'smtp-server',
    name: 'smtp-server',
    // Its own words after the code.
    refusalText: '421 ',
    startIn: startSmtpServer,
  },
] as const

/** Installs what is wanted below `folder` unless it is there; `wanted` absent means both. */
export function fetchNpmGates(
  folder: string,
  wanted: readonly string[] | undefined,
): readonly (readonly [string, Found])[] {
  return gates
    .filter(({ id }) => wanted?.includes(id) !== false)
    .map((gate) => {
      const { id, name, startIn } = gate
      const fetched = fetchPackage(join(folder, id), name)
      if (fetched === undefined) {
        const why = `npm could not install ${name}@${packages[name]}`
        return [name, { kind: 'missing', name, why }] as const
      }
      const { version, modules } = fetched
      const subject: Subject = {
        id,
        label: `${name}, no upstream`,
        roles: ['refuse', 'answer'],
        refusalText: gate.refusalText,
        start: (options) => startIn(modules, options),
      }
      return [name, { kind: 'found', version, subjects: [subject] }] as const
    })
}

interface Fetched {
  readonly modules: string
  readonly version: string
}

/** A folder for each, so that one that cannot be installed does not take the other with it. */
function fetchPackage(folder: string, name: keyof typeof packages): Fetched | undefined {
  const modules = join(folder, 'node_modules')
  const manifest = join(modules, name, 'package.json')
  if (!existsSync(manifest)) {
    mkdirSync(folder, { recursive: true })
    const dependencies = { [name]: packages[name] }
    const text = JSON.stringify({ private: true, dependencies, overrides })
    writeFileSync(join(folder, 'package.json'), `${text}\n`)
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional']
    spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2], timeout: installMs })
  }
  if (!existsSync(manifest)) return undefined
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string } // npm's own
  return { modules, version }
}

// The same decision that Postern makes, as a plugin of Haraka can make it: so many at once, no more.
// Its own lookup of the client's name would measure the resolver.
function harakaPlugin(cap: number): string {
  return `let openCount = 0
exports.register = function () {
  this.register_hook('lookup_rdns', 'know')
  this.register_hook('connect', 'enter')
  this.register_hook('disconnect', 'leave')
}
exports.know = (next) => next(OK, 'client.example')
exports.enter = (next) => {
  openCount += 1
  if (openCount <= ${cap}) return next()
  next(DENYSOFTDISCONNECT, '${refusalText.slice('421 '.length)}')
}
exports.leave = (next) => {
  openCount -= 1
  next()
}
`
}

// More than the harness ever opens.
const noCap = 1_000_000

async function startHaraka(modules: string, start: StartOptions): Promise<Daemon> {
  const { lab, role } = start
  const port = await lab.freePort()
  const directory = lab.directory(`haraka-${role}`, {})
  const files: Readonly<Record<string, string>> = {
    'config/smtp.ini': `listen=127.0.0.1:${port}\nnodes=0\n`,
    'config/log.ini': '[main]\nlevel=error\n',
    'config/plugins': 'count\n',
    'config/me': 'gate.example\n',
    'plugins/count.js': harakaPlugin(role === 'refuse' ? 0 : noCap),
  }
  for (const folder of ['config', 'plugins', 'queue']) mkdirSync(join(directory, folder))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  // As its installer would copy it: Haraka has no defaults of its own for what stands there.
  const shipped = join(modules, 'Haraka', 'config', 'connection.ini')
  copyFileSync(shipped, join(directory, 'config', 'connection.ini'))
  const argv = [
    process.execPath,
    join(modules, 'Haraka', 'bin', 'haraka'),
    '-c',
    directory,
  ] as const
  const [command, ...args] = lab.command(argv)
  return startDaemon({ command, args, port, directory })
}

async function startSmtpServer(modules: string, start: StartOptions): Promise<Daemon> {
  const { lab, role } = start
  const port = await lab.freePort()
  const text = `import { createRequire } from 'node:module'
const { SMTPServer } = createRequire(${JSON.stringify(join(modules, 'x.js'))})('smtp-server')
const server = new SMTPServer({
  name: 'gate.example',
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  maxClients: ${role === 'refuse' ? 1 : noCap},
})
server.on('error', () => {})
server.listen({ port: ${port}, host: '127.0.0.1', backlog: 4096 })
`
  const directory = lab.directory(`smtp-server-${role}`, { 'server.mjs': text })
  const [command, ...args] = lab.command([process.execPath, 'server.mjs'])
  const daemon = await startDaemon({ command, args, port, directory })
  if (role !== 'refuse') return daemon
  const holder = await holdSession(port, undefined)
  return {
    ...daemon,
    async stop() {
      holder.destroy()
      await daemon.stop()
    },
  }
}
