// Debian packages that the interop tests talk to: installed when they can be, missed loudly.

import { spawnSync } from 'node:child_process'

/** True when every program is there, installing the packages that bring them if need be. */
export function haveDebian(programs: readonly string[], packages: readonly string[]): boolean {
  if (programs.every(isThere)) return true
  if (isThere('apt-get') && process.getuid?.() === 0) install(packages)
  const missing = programs.filter((program) => !isThere(program))
  if (missing.length === 0) return true
  process.stderr.write(
    `\n*** INTEROP NOT RUN: ${missing.join(', ')} missing; install with: ` +
      `apt-get install ${packages.join(' ')}\n\n`,
  )
  return false
}

function isThere(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0
}

/** Debian would start the servers it installs; the tests start their own. */
function install(packages: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const options = { env, stdio: 'ignore', timeout: 240_000 } as const
  spawnSync('apt-get', ['update', '-q'], options)
  spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', ...packages], options)
}
