// Makes a clone ready to run: installs from the lockfile when node_modules is missing or older than
// it, then builds. Plain JavaScript without a dependency, because it runs before there are any.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const floor = [20, 19]

function run(command, args, why) {
  process.stderr.write(`postern: ${why}: ${[command, ...args].join(' ')}\n`)
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error) process.stderr.write(`postern: ${error.message}\n`)
  if (status !== 0) process.exit(status ?? 1)
}

function isInstalled() {
  // npm writes this file last, so its age is the age of a finished installation.
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  return statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < floor[0] || (major === floor[0] && minor < floor[1])) {
  process.stderr.write(
    `postern: needs Node ${floor.join('.')} or newer, this is ${process.version}\n`,
  )
  process.exit(1)
}
if (!isInstalled()) run('npm', ['ci', '--no-audit', '--no-fund'], 'installing what it needs')
rmSync(join(root, 'dist'), { recursive: true, force: true })
run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc')], 'building')
// What runs in the store is no TypeScript: it is read from beside the compiled file.
const scripts = join('adapters', 'scripts')
cpSync(join(root, 'src', scripts), join(root, 'dist', scripts), { recursive: true })
run(process.execPath, [join(root, 'scripts', 'build-dashboard.mjs')], 'building its web page')
