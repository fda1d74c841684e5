// A Node 24 to run Postern on, fetched with npm into a folder that is not committed.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface OtherNode {
  readonly path: string
  readonly version: string
}

/** Installs Node 24 below `folder` unless it is there; undefined when it cannot be had. */
export function fetchNode24(folder: string): OtherNode | undefined {
  const path = join(folder, 'node_modules', 'node', 'bin', 'node')
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    // A package of its own, or npm would install into the one above.
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const args = ['install', '--no-audit', '--no-fund', '--no-save', 'node@24']
    spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] })
  }
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  return status === 0 ? { path, version: stdout.trim() } : undefined
}
